#include "comm/launch.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEstablished = "01";

/// An end of a connection as the kernel prints it: `0100A8C0:EA65`, 32 bits at a time in the order
/// of this machine.
struct End {
  NetworkAddress address;
  int port = 0;
};

std::optional<End> parse_end(const std::string& text) {
  const std::size_t colon = text.find(':');
  if ((colon != 8 && colon != 32) || text.size() != colon + 5) return std::nullopt;
  if (text.find_first_not_of("0123456789abcdefABCDEF:") != std::string::npos) return std::nullopt;
  End end;
  end.address.bits = end.address.prefix = static_cast<int>(4 * colon);
  for (std::size_t digit = 0; digit < colon; digit += 8) {
    const auto word = static_cast<std::uint32_t>(std::stoul(text.substr(digit, 8), nullptr, 16));
    std::memcpy(end.address.bytes.data() + digit / 2, &word, sizeof word);
  }
  end.port = std::stoi(text.substr(colon + 1), nullptr, 16);
  return end;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

std::optional<InterfaceSetting> setting_in(const fs::path& file) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string variable = trimmed(line.substr(0, equals));
    if (variable == "btl_tcp_if_include" || variable == "btl_tcp_if_exclude") {
      return InterfaceSetting{variable, trimmed(line.substr(equals + 1))};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

DaemonAddress parse_daemon_uri(const std::string& uri) {
  DaemonAddress result;
  std::istringstream parts(uri);
  for (std::string part; std::getline(parts, part, ';');) {
    const std::size_t begin = part.find("://");
    const std::size_t colon = part.rfind(':');
    if (!part.starts_with("tcp") || begin == std::string::npos || colon <= begin) continue;
    std::string hosts = part.substr(begin + 3, colon - begin - 3);
    std::erase_if(hosts, [](char c) { return c == '[' || c == ']'; });
    result.ports.push_back(std::atoi(part.c_str() + colon + 1));
    std::istringstream words(hosts);
    for (std::string word; std::getline(words, word, ',');) {
      if (const auto address = parse_address(word)) result.addresses.push_back(*address);
    }
  }
  return result;
}

std::vector<DaemonLink> daemon_links(std::istream& table, const std::vector<int>& ports) {
  std::vector<DaemonLink> links;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string number;
    std::string own_text;
    std::string peer_text;
    std::string state;
    words >> number >> own_text >> peer_text >> state;
    const std::optional<End> own = parse_end(own_text);
    const std::optional<End> peer = parse_end(peer_text);
    if (state != kEstablished || !own || !peer) continue;
    const bool is_daemon = std::any_of(ports.begin(), ports.end(), [&](int port) {
      return port == own->port || port == peer->port;
    });
    if (is_daemon) links.push_back({own->address, peer->address});
  }
  return links;
}

std::optional<Launch> launch_of(const Environment& environment, const fs::path& proc_net) {
  const auto launcher = environment("OMPI_MCA_orte_hnp_uri");
  if (!launcher || environment("OMPI_MCA_orte_num_nodes") == "1") return std::nullopt;
  const DaemonAddress daemon = parse_daemon_uri(*launcher);
  Launch launch{environment("OMPI_MCA_orte_local_daemon_uri") == launcher, daemon.addresses};
  for (const char* table : {"tcp", "tcp6"}) {
    std::ifstream file(proc_net / table);
    for (const DaemonLink& link : daemon_links(file, daemon.ports)) launch.links.push_back(link);
  }
  return launch;
}

std::optional<InterfaceSetting> interface_setting(const Environment& environment,
                                                  const fs::path& system_file) {
  for (const char* variable : {"btl_tcp_if_include", "btl_tcp_if_exclude"}) {
    const auto value = environment("OMPI_MCA_" + std::string(variable));
    if (value && !value->empty()) return InterfaceSetting{variable, *value};
  }
  if (const auto home = environment("HOME")) {
    if (auto setting = setting_in(fs::path(*home) / ".openmpi" / "mca-params.conf")) return setting;
  }
  return setting_in(system_file);
}

}  // namespace vpinfer
