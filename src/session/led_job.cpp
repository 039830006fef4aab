#include "session/led_job.hpp"

#include <utility>

namespace vpinfer {
namespace {

Job sent(Channel& channel, Job job) {
  send_job(channel, job);
  return job;
}

}  // namespace

LedJob::LedJob(Channel& channel, Job job, const ModelFile& model, const std::filesystem::path& path,
               ThreadPool& pool, const LayerLoaded& loaded)
    : job_(sent(channel, std::move(job))),
      weights_(load_and_serve_weights(channel, job_, model, path, loaded)),
      ranks_(channel, job_, weights_, pool) {}

}  // namespace vpinfer
