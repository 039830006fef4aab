#include "app/hostfile.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "io/file.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// A line of a hostfile.
struct Entry {
  std::string host{};
  int slots = 1;
};

bool is_host(const std::string& text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !text.empty() && text.front() != '-' &&
         text.find_first_not_of(kLetters) == std::string::npos;
}

int slots_of(const std::string& value, const std::string& where) {
  int slots = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, slots);
  if (error == std::errc{} && rest == end && slots > 0) return slots;
  throw BadInput(where + "'" + value + "' is not a number of slots, such as slots=1");
}

/// Reads `me@pi1 slots = 1 max_slots=2  # a comment`; no host in a line without words.
Entry parse_entry(std::string line, const std::string& where) {
  line.erase(std::min(line.find('#'), line.size()));
  for (std::size_t at = 0; (at = line.find('=', at)) != std::string::npos; at += 3) {
    line.replace(at, 1, " = ");
  }
  std::istringstream words(line);
  Entry entry;
  if (!(words >> entry.host)) return {};
  const std::size_t name = entry.host.find('@') + 1;  // 0 without a user
  if (!is_host(entry.host.substr(name))) {
    throw BadInput(where + "'" + entry.host +
                   "' is not the name of a host; a line is such as pi1 slots=1");
  }
  entry.host.erase(0, name);
  std::string key;
  std::string equals;
  std::string value;
  while (words >> key) {
    if (!(words >> equals >> value) || equals != "=") {
      throw BadInput(std::string(where).append("'").append(key).append("' is not like slots=1"));
    }
    if (key == "slots") entry.slots = slots_of(value, where);
  }
  return entry;
}

}  // namespace

std::vector<std::string> read_hostfile(const std::filesystem::path& path) {
  std::vector<std::string> hosts;
  std::istringstream lines(read_file(path));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string where = path.string() + ":" + std::to_string(number) + ": ";
    if (line.ends_with('\r')) {
      throw BadInput(where +
                     "ends as lines of Windows do, which mpirun does not read: run sed -i " +
                     "'s/\\r$//' on it");
    }
    const Entry entry = parse_entry(line, where);
    if (entry.host.empty()) continue;
    const bool again = std::find(hosts.begin(), hosts.end(), entry.host) != hosts.end();
    if (entry.slots > 1 || again) {
      throw BadInput(where + entry.host + " would have several ranks; a plan knows one per host, " +
                     "which uses all its cores: give each host one line with slots=1");
    }
    hosts.push_back(entry.host);
    if (hosts.size() > std::size_t{kMostHosts}) {
      throw BadInput(where + "there are more than " + std::to_string(kMostHosts) + " hosts");
    }
  }
  if (hosts.empty())
    throw BadInput(path.string() + ": has no hosts; a line is such as pi1 slots=1");
  return hosts;
}

}  // namespace vpinfer
