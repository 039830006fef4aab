#include "report/run_report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/units.hpp"
#include "report/summary.hpp"
#include "report/table.hpp"
#include "vpinfer/version.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;

std::string milliseconds(double seconds) {
  return fixed(seconds * 1e3, 1);
}

json rank_to_json(const RankReport& r) {
  return {{"rank", r.rank},
          {"host", r.host},
          {"interface", r.interface.empty() ? json() : json(r.interface)},
          {"wireless", r.wireless},
          {"link_mbit", r.link_mbit == 0 ? json() : json(r.link_mbit)},
          {"cores", r.cores},
          {"blas", r.blas},
          {"micro_kernel", r.micro_kernel},
          {"boxes", r.boxes},
          {"weights_bytes", r.memory.weights},
          {"weights_bytes_by_form",
           {{"rows", r.weights.rows},
            {"panels", r.weights.panels},
            {"half_panels", r.weights.half_panels}}},
          {"load_seconds", r.load_seconds},
          {"activations_bytes", r.memory.activations},
          {"workspace_bytes", r.memory.workspace},
          {"message_bytes", r.memory.messages},
          {"library_bytes", r.memory.library},
          {"results_bytes", r.memory.results},
          {"predicted_bytes", r.memory.total()},
          {"peak_rss_bytes", r.peak_rss_bytes},
          {"compute_seconds", r.compute_seconds},
          {"pack_seconds", r.pack_seconds},
          {"message_seconds", r.message_seconds},
          {"wait_seconds", r.wait_seconds},
          {"utilisation", r.utilisation},
          {"sent_bytes", r.sent_bytes},
          {"received_bytes", r.received_bytes},
          {"frame_seconds", r.frame_seconds}};
}

json context_to_json(const RunReport& report) {
  const RunContext& c = report.context;
  return {{"version", version()},
          {"git_hash", git_hash()},
          {"command_line", c.command_line},
          {"model", c.model},
          {"model_checksum", c.model_checksum},
          {"model_origin", c.model_origin},
          {"strategy", c.strategy},
          {"wire", to_string(c.wire)},
          {"conv", to_string(c.conv)},
          {"ranks", report.ranks.size()},
          {"mpi", c.mpi},
          {"threads", c.threads},
          {"frames_in_flight", c.frames_in_flight}};
}

json changes_to_json(const FindingChanges& changes) {
  json j = json::object();
  if (const auto& d = changes.detections) {
    j["detections"] = {{"same", d->same},
                       {"lost", d->lost},
                       {"added", d->added},
                       {"score_change", d->score_change},
                       {"least_overlap", d->least_overlap}};
    if (d->least_mask_overlap) j["detections"]["least_mask_overlap"] = *d->least_mask_overlap;
  }
  if (const auto& c = changes.classes) {
    j["classes"] = {{"pictures", c->pictures},
                    {"changed", c->changed},
                    {"likely", c->likely},
                    {"replaced", c->replaced},
                    {"score_change", c->score_change}};
  }
  if (const auto& p = changes.pixels) j["pixels"] = {{"all", p->all}, {"changed", p->changed}};
  return j;
}

json comparison_to_json(const Comparison& c) {
  return {{"pass", c.pass()},
          {"max_abs", c.largest.max_abs},
          {"max_rel", c.largest.max_rel},
          {"tolerance", c.tolerance},
          {"first_layer", c.first_layer ? json(*c.first_layer) : json()},
          {"speedup", c.speedup},
          {"single_seconds", c.single_seconds},
          {"single_predicted_bytes", c.single_bytes},
          {"findings", changes_to_json(c.findings)}};
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

std::string rank_table(const std::vector<RankReport>& ranks) {
  Table table({{"rank"},
               {"host", Align::kLeft},
               {"convolutions", Align::kLeft},
               {"weights"},
               {"activ."},
               {"worksp."},
               {"messages"},
               {"library"},
               {"results"},
               {"predicted"},
               {"peak RSS/MiB"},
               {"compute"},
               {"pack"},
               {"MPI"},
               {"wait"},
               {"total/ms"},
               {"busy/%"},
               {"sent"},
               {"received/MiB"}});
  for (const RankReport& r : ranks) {
    table.add(
        {std::to_string(r.rank), r.host, r.boxes, mebibytes(r.memory.weights),
         mebibytes(r.memory.activations), mebibytes(r.memory.workspace),
         mebibytes(r.memory.messages), mebibytes(r.memory.library), mebibytes(r.memory.results),
         mebibytes(r.memory.total()), mebibytes(r.peak_rss_bytes), milliseconds(r.compute_seconds),
         milliseconds(r.pack_seconds), milliseconds(r.message_seconds),
         milliseconds(r.wait_seconds), milliseconds(mean(r.frame_seconds)),
         fixed(100 * r.utilisation, 0), mebibytes(r.sent_bytes), mebibytes(r.received_bytes)});
  }
  return table.text();
}

/// For example `network: eth0, 1000 Mbit/s, on pi1, pi2; wlan0, wireless, on pi3`, or nothing.
std::string network_line(const std::vector<RankReport>& ranks) {
  struct Group {
    std::string link;
    std::vector<std::string> hosts;
  };
  std::vector<Group> groups;
  for (const RankReport& r : ranks) {
    if (r.interface.empty()) continue;
    std::string link = r.interface;
    if (r.link_mbit != 0) link += ", " + std::to_string(r.link_mbit) + " Mbit/s";
    if (r.wireless) link += ", wireless";
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& known) { return known.link == link; });
    if (group == groups.end()) group = groups.insert(group, Group{link, {}});
    std::vector<std::string>& hosts = group->hosts;
    if (std::find(hosts.begin(), hosts.end(), r.host) == hosts.end()) hosts.push_back(r.host);
  }
  std::string text;
  for (const Group& group : groups) {
    text += (text.empty() ? "network: " : "; ") + group.link + ", on ";
    for (const std::string& host : group.hosts) {
      text += (host == group.hosts.front() ? "" : ", ") + host;
    }
  }
  return text.empty() ? "" : text + "\n";
}

std::size_t fullest(const std::vector<RankReport>& ranks) {
  std::size_t most = 0;
  for (const RankReport& r : ranks) most = std::max(most, r.memory.total());
  return most;
}

/// What became of what the network finds; empty if it only gives tensors.
std::string describe_changes(const FindingChanges& changes) {
  std::string text;
  if (const auto& d = changes.detections) {
    text += "objects: " + std::to_string(d->same) + " found again, " + std::to_string(d->lost) +
            " lost, " + std::to_string(d->added) + " new; scores change by " +
            fixed(d->score_change, 4) + " at most, boxes overlap by " + fixed(d->least_overlap, 3) +
            " at least";
    if (d->least_mask_overlap) text += ", masks by " + fixed(*d->least_mask_overlap, 3);
    text += "\n";
  }
  if (const auto& c = changes.classes) {
    text += "classes: " + std::to_string(c->changed) + " of " + std::to_string(c->pictures) +
            " pictures get another, " + std::to_string(c->replaced) + " of the " +
            std::to_string(c->likely) + " likely ones are replaced; scores change by " +
            fixed(c->score_change, 4) + " at most\n";
  }
  if (const auto& p = changes.pixels) {
    text += "pixels: " + std::to_string(p->changed) + " of " + std::to_string(p->all) +
            " get another class\n";
  }
  return text;
}

std::string verdict(const Comparison& c, const std::vector<RankReport>& ranks) {
  const std::size_t most = fullest(ranks);
  std::string text =
      "one rank alone: " + milliseconds(c.single_seconds) + " ms, " + mebibytes(c.single_bytes) +
      " MiB predicted; speed-up " + fixed(c.speedup, 2) + ", memory of the fullest rank " +
      fixed(100.0 * static_cast<double>(most) / static_cast<double>(c.single_bytes), 1) +
      " % of one rank's\n";
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(),
                "%s: largest difference %.2e absolute, %.2e relative of %.0e allowed%s",
                c.pass() ? "PASS" : "FAIL", c.largest.max_abs, c.largest.max_rel, c.tolerance,
                c.largest.finite ? "" : ", not all numbers are finite");
  text += line.data();
  if (c.first_layer) text += ", first in layer " + std::to_string(*c.first_layer);
  return text + "\n" + describe_changes(c.findings);
}

}  // namespace

Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

std::size_t RunReport::bytes_moved() const {
  std::size_t bytes = 0;
  for (const RankReport& rank : ranks) bytes += rank.sent_bytes;
  return bytes;
}

std::string to_json(const RankReport& report) {
  return rank_to_json(report).dump(-1, ' ', false, json::error_handler_t::replace);
}

RankReport rank_report_from_json(const std::string& text) {
  const json j = json::parse(text);
  const json& by_form = j.at("weights_bytes_by_form");
  return {j.at("rank"),
          j.at("host"),
          j.at("interface").is_null() ? "" : j.at("interface").get<std::string>(),
          j.at("wireless"),
          j.at("link_mbit").is_null() ? 0 : j.at("link_mbit").get<int>(),
          j.at("cores"),
          j.at("blas"),
          j.at("micro_kernel"),
          j.at("boxes"),
          {j.at("weights_bytes"), j.at("activations_bytes"), j.at("workspace_bytes"),
           j.at("message_bytes"), j.at("library_bytes"), j.at("results_bytes")},
          {by_form.at("rows"), by_form.at("panels"), by_form.at("half_panels")},
          j.at("load_seconds"),
          j.at("peak_rss_bytes"),
          j.at("compute_seconds"),
          j.at("pack_seconds"),
          j.at("message_seconds"),
          j.at("wait_seconds"),
          j.at("utilisation"),
          j.at("sent_bytes"),
          j.at("received_bytes"),
          j.at("frame_seconds").get<std::vector<double>>()};
}

std::string to_json(const RunReport& report, const Findings& findings) {
  const Spread latency = spread(report.latencies());
  json ranks = json::array();
  for (const RankReport& rank : report.ranks) ranks.push_back(rank_to_json(rank));
  json j{
      {"schema", kSchema},
      {"latency_seconds", {{"min", latency.min}, {"median", latency.median}, {"max", latency.max}}},
      {"frames_per_second", report.frames_per_second},
      {"bytes_moved", report.bytes_moved()},
      {"ranks", ranks},
      {"context", context_to_json(report)},
      {"detections", json::parse(findings.detections)},
      {"classifications", json::parse(findings.classifications)},
      {"segmentations", json::parse(findings.segmentations)},
      {"landmarks", json::parse(findings.landmarks)}};
  if (report.predicted) {
    j["predicted"] = {{"latency_seconds", report.predicted->latency_seconds},
                      {"frames_per_second", report.predicted->frames_per_second}};
  }
  if (report.comparison) j["comparison"] = comparison_to_json(*report.comparison);
  return j.dump(2, ' ', false, json::error_handler_t::replace) + "\n";  // names in any encoding
}

std::string to_text(const RunReport& report) {
  const std::vector<double> latencies = report.latencies();
  const Spread latency = spread(latencies);
  std::string text = rank_table(report.ranks) + network_line(report.ranks);
  text += report.context.strategy + formats_remark(report.context.wire, report.context.conv) +
          " on " + std::to_string(report.ranks.size()) +
          (report.ranks.size() == 1 ? " rank" : " ranks") + ": latency " +
          milliseconds(latency.median) + " ms";
  if (latencies.size() > 1) {
    text += " (min " + milliseconds(latency.min) + ", max " + milliseconds(latency.max) + ", " +
            std::to_string(latencies.size()) + " frames)";
  }
  if (report.context.frames_in_flight > 1) {
    text += ", " + fixed(report.frames_per_second, 2) + " frames per second with " +
            std::to_string(report.context.frames_in_flight) + " under way";
  }
  text += ", " + mebibytes(report.bytes_moved()) + " MiB moved per frame\n";
  if (report.predicted) {
    text += "predicted: " + milliseconds(report.predicted->latency_seconds) +
            " ms for a frame alone, " + fixed(report.predicted->frames_per_second, 2) +
            " frames per second in a stream\n";
  }
  if (report.comparison) text += verdict(*report.comparison, report.ranks);
  return text;
}

}  // namespace vpinfer
