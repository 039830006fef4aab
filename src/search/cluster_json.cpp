#include <array>
#include <cmath>
#include <cstdint>
#include <functional>

#include "base/json.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "vpinfer-cluster-1";

/// A number of a host by its key, in the key's unit.
struct Key {
  const char* name;
  double unit;
  std::function<double&(Host&)> number;
  bool may_be_zero = false;
};

/// In the order in which they are written.
const std::array<Key, 9>& keys() {
  static const std::array<Key, 9> all{
      Key{"direct_gflops", 1e9, [](Host& h) -> double& { return h.speed.direct_flop_per_second; }},
      Key{"winograd_gflops", 1e9,
          [](Host& h) -> double& { return h.speed.winograd_flop_per_second; }},
      Key{"blas_gflops", 1e9, [](Host& h) -> double& { return h.speed.blas_flop_per_second; }},
      Key{"loop_gflops", 1e9, [](Host& h) -> double& { return h.speed.loop_flop_per_second; }},
      Key{"memory_gbyte_per_second", 1e9,
          [](Host& h) -> double& { return h.speed.memory_bytes_per_second; }},
      Key{"link_mbit_per_second", 1e6 / 8,
          [](Host& h) -> double& { return h.link.bytes_per_second; }},
      Key{"message_microseconds", 1e-6, [](Host& h) -> double& { return h.link.message_seconds; },
          true},
      Key{"message_processor_microseconds", 1e-6,
          [](Host& h) -> double& { return h.link.message_processor_seconds; }, true},
      Key{"byte_processor_nanoseconds", 1e-9,
          [](Host& h) -> double& { return h.link.byte_processor_seconds; }, true}};
  return all;
}

/// Four digits are more than a measurement is worth.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

json host_to_json(Host host) {
  json j{{"name", host.name}, {"threads", host.threads}};
  for (const Key& key : keys()) j[key.name] = rounded(key.number(host) / key.unit);
  if (host.memory_bytes) j["memory_bytes"] = *host.memory_bytes;
  return j;
}

double number_of(const json& host, const Key& key) {
  const std::string name = key.name;
  if (!host.contains(name)) throw BadInput(name + " is missing");
  const json& value = host.at(name);
  constexpr double kLeast = 1e-6;  // no host is as slow, or as fast, by any of the units
  constexpr double kMost = 1e9;
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (!(number >= (key.may_be_zero ? 0 : kLeast)) || number > kMost) {
    throw BadInput(name + " is " + value.dump().substr(0, 40) + ", not a number " +
                   (key.may_be_zero ? "from 0" : "from 0.000001") + " to 1000000000");
  }
  return number;
}

/// With those that need not be there.
std::vector<std::string_view> known_keys() {
  std::vector<std::string_view> known{"name", "threads", "memory_bytes", "count"};
  for (const Key& key : keys()) known.emplace_back(key.name);
  return known;
}

/// A whole number from 1 on, which is 1 if it is not there.
int whole_number(const json& host, const char* name, int most) {
  if (!host.contains(name)) return 1;
  const json& value = host.at(name);
  const bool is_whole = value.is_number_integer();
  const auto number = is_whole ? value.get<std::int64_t>() : 0;
  if (number < 1 || number > most) {
    throw BadInput(std::string(name) + " is " + value.dump().substr(0, 40) +
                   ", not a whole number from 1 to " + std::to_string(most));
  }
  return static_cast<int>(number);
}

Host host_from_json(const json& j) {
  check_keys(j, known_keys());
  Host host;
  if (j.contains("name")) host.name = j.at("name").get<std::string>();
  host.threads = whole_number(j, "threads", kMostThreads);
  for (const Key& key : keys()) key.number(host) = key.unit * number_of(j, key);
  if (!j.contains("memory_bytes")) return host;
  const json& memory = j.at("memory_bytes");
  if (!memory.is_number_unsigned() || memory.get<std::size_t>() == 0) {
    throw BadInput("memory_bytes is " + memory.dump().substr(0, 40) +
                   ", not a whole number above 0");
  }
  host.memory_bytes = memory.get<std::size_t>();
  return host;
}

/// Hosts of one entry: "count" of them, numbered if they are several.
void add_hosts(const json& entry, std::size_t index, Cluster& cluster) {
  const std::string place = "host " + std::to_string(index + 1);
  try {
    const Host host = host_from_json(entry);
    const int count = whole_number(entry, "count", kMostHosts);
    for (int i = 1; i <= count; ++i) {
      cluster.hosts.push_back(host);
      if (count > 1 && !host.name.empty()) cluster.hosts.back().name += "-" + std::to_string(i);
    }
  } catch (const BadInput& e) {
    throw BadInput(place + ": " + e.what());
  } catch (const json::exception& e) {
    throw BadInput(place + ": " + e.what());
  }
}

}  // namespace

std::string to_json(const Cluster& cluster) {
  json hosts = json::array();
  for (const Host& host : cluster.hosts) hosts.push_back(host_to_json(host));
  return json{{"schema", kSchema}, {"hosts", hosts}}.dump(1) + "\n";
}

Cluster cluster_from_json(const std::string& text, const std::string& where) {
  try {
    const json j = json::parse(text);
    if (!j.is_object() || !j.contains("schema") || j.at("schema") != kSchema) {
      throw BadInput(std::string("is no cluster of the version ") + kSchema);
    }
    check_keys(j, {"schema", "hosts"});
    if (!j.contains("hosts") || !j.at("hosts").is_array() || j.at("hosts").empty()) {
      throw BadInput("has no list of hosts");
    }
    Cluster cluster;
    for (std::size_t i = 0; i < j.at("hosts").size(); ++i) {
      add_hosts(j.at("hosts")[i], i, cluster);
      if (cluster.ranks() > kMostHosts) {
        throw BadInput("has more than " + std::to_string(kMostHosts) + " hosts");
      }
    }
    return cluster;
  } catch (const BadInput& e) {
    throw BadInput(where + ": " + e.what());
  } catch (const json::exception& e) {
    throw BadInput(where + ": is no JSON (" + e.what() + ")");
  }
}

}  // namespace vpinfer
