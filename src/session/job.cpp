#include "session/job.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/json.hpp"
#include "plan/plan_json.hpp"
#include "program/program.hpp"
#include "search/pipeline.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::json;

}  // namespace

Delivery delivery_of(const Network& network, const std::vector<int>& further) {
  Delivery delivery = result_layers(network);
  for (const int position : further) {
    if (position < 1 || position >= network.size()) {
      throw BadUsage("there is no layer at position " + std::to_string(position) + " to deliver");
    }
    delivery.push_back(position);
  }
  std::sort(delivery.begin(), delivery.end());
  delivery.erase(std::unique(delivery.begin(), delivery.end()), delivery.end());
  return delivery;
}

Job delivering_everything(Job job) {
  job.delivery.resize(job.network.layers.size());
  std::iota(job.delivery.begin(), job.delivery.end(), 0);
  job.in_flight = {};
  return job;
}

std::string to_json(const Job& job) {
  return Json{{"network", to_json(job.network)}, {"plan", to_json(job.plan)},
              {"delivery", job.delivery},        {"checksum", job.checksum},
              {"partitioned", job.partitioned},  {"frames", job.in_flight.frames},
              {"lanes", job.in_flight.lanes},    {"timeout_seconds", job.timeout.count()}}
      .dump();
}

Job job_from_json(const std::string& text, const std::string& where) {
  try {
    const Json json = Json::parse(text);
    Job job;
    job.network = network_from_json(json.at("network").get<std::string>(), where);
    job.plan = plan_from_json(json.at("plan").get<std::string>(), job.network, where);
    json.at("delivery").get_to(job.delivery);
    json.at("checksum").get_to(job.checksum);
    json.at("partitioned").get_to(job.partitioned);
    json.at("frames").get_to(job.in_flight.frames);
    json.at("lanes").get_to(job.in_flight.lanes);
    job.timeout = std::chrono::duration<double>(json.at("timeout_seconds").get<double>());
    return job;
  } catch (const Json::exception& e) {
    throw BadInput(where + ": rank 0 sent what is no job (" + json_complaint(e) +
                   "); do all hosts have the same vpinfer?");
  }
}

void send_job(Channel& channel, const Job& job) {
  (void)channel.broadcast(to_json(job));
}

Job await_job(Channel& channel, const std::string& where) {
  return job_from_json(channel.broadcast({}), where);
}

InFlight choose_in_flight(const Network& network, const Plan& plan, const Delivery& delivery,
                          const InFlightLimits& limits) {
  const int stages = count_stages(network, plan);
  const int enough = limits.many_frames ? 2 * stages : 1;
  InFlight in_flight;
  in_flight.frames = limits.asked.value_or(enough);
  in_flight.lanes = stages > 1 ? std::min(in_flight.frames, 2) : in_flight.frames;
  if (limits.asked || limits.memory_bytes.empty()) return in_flight;
  const std::vector<RankMemory> memory =
      predict_memory({network, plan}, delivery, {in_flight.lanes, limits.threads});
  for (std::size_t rank = 0; rank < memory.size(); ++rank) {
    if (memory[rank].total() > limits.memory_bytes[rank]) in_flight.lanes = 1;
  }
  return in_flight;
}

}  // namespace vpinfer
