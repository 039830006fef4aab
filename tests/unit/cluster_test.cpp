#include "vpinfer/cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/planning.hpp"
#include "support/error_line.hpp"
#include "support/random_cluster.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string kinds_refusal(const std::string& text) {
  return error_line<BadUsage>([&] { (void)parse_cluster(text); });
}

TEST(ParseCluster, CountsHostsOfAKind) {
  const Cluster cluster = parse_cluster("pi4:8@1gbit");
  ASSERT_EQ(cluster.ranks(), 8);
  for (int rank = 0; rank < 8; ++rank) {
    EXPECT_EQ(cluster.host(rank).name, "pi4-" + std::to_string(rank + 1));
    EXPECT_EQ(cluster.host(rank).speed, raspberry_pi_4().speed);
    EXPECT_EQ(cluster.host(rank).memory_bytes, raspberry_pi_4().memory_bytes);
    EXPECT_NEAR(cluster.host(rank).link.bytes_per_second, 117.6e6, 0.1e6);  // 94.1 %
  }
}

TEST(ParseCluster, MixesKindsOnOneKindOfLink) {
  const Cluster cluster = parse_cluster("pi3:4+pi4:2@100mbit");
  ASSERT_EQ(cluster.ranks(), 6);
  EXPECT_EQ(cluster.host(3).name, "pi3-4");
  EXPECT_EQ(cluster.host(4).name, "pi4-5");
  EXPECT_LT(cluster.host(3).speed.direct_flop_per_second,
            cluster.host(4).speed.direct_flop_per_second);
  for (const Host& host : cluster.hosts) {
    EXPECT_NEAR(host.link.bytes_per_second, 11.76e6, 0.01e6);
  }
  EXPECT_NEAR(parse_cluster("pi5@500kbit").host(0).link.bytes_per_second, 58.8e3, 0.1e3);
  EXPECT_NEAR(parse_cluster("pi5@2.5gbit").host(0).link.bytes_per_second, 294e6, 0.1e6);
}

TEST(ParseCluster, TakesOneHostOfEveryKind) {
  for (const std::string kind : {"pi3", "pi4", "pi5", "zero2"}) {
    const Cluster cluster = parse_cluster(kind);
    ASSERT_EQ(cluster.ranks(), 1);
    const Host& host = cluster.host(0);
    EXPECT_EQ(host.name, kind + "-1");
    EXPECT_GT(host.speed.loop_flop_per_second, 0);
    EXPECT_GT(host.speed.memory_bytes_per_second, 0);
    EXPECT_GT(host.link.bytes_per_second, 0);
    EXPECT_GT(host.memory_bytes, 0U);
  }
  EXPECT_LT(parse_cluster("pi3").host(0).link.bytes_per_second,
            parse_cluster("pi4").host(0).link.bytes_per_second);
  EXPECT_EQ(parse_cluster("pi4:4096").ranks(), 4096);
}

TEST(ParseCluster, NamesTheKindsThereAre) {
  for (const std::string text :
       {"pi6", "", "pi4+", "+pi4", "pi4:2+cray", "PI4", "pi4:8@", "pi4 :8"}) {
    EXPECT_THAT(kinds_refusal(text),
                AllOf(StartsWith("--cluster: '" + text + "' "), HasSubstr("pi3, pi4, pi5, zero2")));
  }
}

TEST(ParseCluster, RefusesWrongCounts) {
  for (const std::string count :
       {"", "0", "-1", "two", "1.5", "4097", "99999999999999999999", "2x"}) {
    EXPECT_THAT(kinds_refusal("pi3+pi4:" + count + "@1gbit"),
                HasSubstr("has '" + count + "' for a number of hosts"));
  }
}

TEST(ParseCluster, RefusesWrongRates) {
  for (const std::string rate : {"", "fast", "0mbit", "-1mbit", "nanmbit", "infmbit", "1e400mbit",
                                 "100", "100mbps", "1gbit@1gbit"}) {
    EXPECT_THAT(kinds_refusal("pi4:2@" + rate), HasSubstr("ends in no rate")) << rate;
  }
}

/// A cluster of two hosts as a file has it.
json two_hosts() {
  return json::parse(to_json(parse_cluster("pi3+pi4")));
}

Cluster read(const json& j) {
  return cluster_from_json(j.dump(), "c.json");
}

std::string refusal_of(const std::string& text) {
  return error_line<BadInput>([&] { (void)cluster_from_json(text, "c.json"); });
}

/// The message if a key of the second host has this value.
std::string refusal_of(const std::string& key, const json& value) {
  json j = two_hosts();
  j["hosts"][1][key] = value;
  return refusal_of(j.dump());
}

const std::vector<std::string>& positive_keys() {
  static const std::vector<std::string> keys{
      "direct_gflops", "winograd_gflops",         "blas_gflops",
      "loop_gflops",   "memory_gbyte_per_second", "link_mbit_per_second"};
  return keys;
}

const std::vector<std::string>& keys_from_zero() {
  static const std::vector<std::string> keys{
      "message_microseconds", "message_processor_microseconds", "byte_processor_nanoseconds"};
  return keys;
}

TEST(ClusterJson, RoundTrips) {
  const auto expect_near = [](double actual, double expected) {
    EXPECT_NEAR(actual, expected, 1e-3 * expected);  // four digits
  };
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    Cluster cluster = random_cluster(1 + static_cast<int>(seed % 5), seed);
    cluster.hosts.front().memory_bytes = 1'234'567'890'123;
    cluster.hosts.back().name = "a \"host\"\nof two lines";
    const std::string text = to_json(cluster);
    const Cluster copy = cluster_from_json(text, "c.json");
    EXPECT_EQ(to_json(copy), text) << "rounded once more";
    ASSERT_EQ(copy.ranks(), cluster.ranks());
    for (int rank = 0; rank < cluster.ranks(); ++rank) {
      const Host& from = cluster.host(rank);
      const Host& to = copy.host(rank);
      EXPECT_EQ(to.name, from.name);
      EXPECT_EQ(to.memory_bytes, from.memory_bytes);
      expect_near(to.speed.direct_flop_per_second, from.speed.direct_flop_per_second);
      expect_near(to.speed.winograd_flop_per_second, from.speed.winograd_flop_per_second);
      expect_near(to.speed.blas_flop_per_second, from.speed.blas_flop_per_second);
      expect_near(to.speed.loop_flop_per_second, from.speed.loop_flop_per_second);
      expect_near(to.speed.memory_bytes_per_second, from.speed.memory_bytes_per_second);
      expect_near(to.link.bytes_per_second, from.link.bytes_per_second);
      expect_near(to.link.message_seconds, from.link.message_seconds);
      expect_near(to.link.message_processor_seconds, from.link.message_processor_seconds);
      expect_near(to.link.byte_processor_seconds, from.link.byte_processor_seconds);
    }
  }
}

TEST(ClusterJson, HasTheUnitsThatItsKeysName) {
  json j = two_hosts();
  json& host = j["hosts"][1];
  double value = 1;
  for (const std::string& key : positive_keys()) host[key] = value++;
  for (const std::string& key : keys_from_zero()) host[key] = value++;
  const Host read_host = read(j).host(1);
  EXPECT_DOUBLE_EQ(read_host.speed.direct_flop_per_second, 1e9);
  EXPECT_DOUBLE_EQ(read_host.speed.winograd_flop_per_second, 2e9);
  EXPECT_DOUBLE_EQ(read_host.speed.blas_flop_per_second, 3e9);
  EXPECT_DOUBLE_EQ(read_host.speed.loop_flop_per_second, 4e9);
  EXPECT_DOUBLE_EQ(read_host.speed.memory_bytes_per_second, 5e9);
  EXPECT_DOUBLE_EQ(read_host.link.bytes_per_second, 6e6 / 8);
  EXPECT_DOUBLE_EQ(read_host.link.message_seconds, 7e-6);
  EXPECT_DOUBLE_EQ(read_host.link.message_processor_seconds, 8e-6);
  EXPECT_DOUBLE_EQ(read_host.link.byte_processor_seconds, 9e-9);
}

TEST(ClusterJson, CountsHostsThatAreAlike) {
  json j = two_hosts();
  j["hosts"][0]["count"] = 3;
  j["hosts"][0]["name"] = "small";
  j["hosts"][1]["count"] = 2;
  j["hosts"][1].erase("name");
  const Cluster cluster = read(j);
  ASSERT_EQ(cluster.ranks(), 5);
  EXPECT_EQ(cluster.host(0).name, "small-1");
  EXPECT_EQ(cluster.host(2).name, "small-3");
  EXPECT_EQ(cluster.host(2).speed, cluster.host(0).speed);
  EXPECT_EQ(cluster.host(3).name, "");
  EXPECT_EQ(cluster.host(3), cluster.host(4));
  for (const json& count : {json(0), json(-1), json(4097), json(1.5), json("2"), json(nullptr),
                            json(std::uint64_t{1} << 33U)}) {
    EXPECT_THAT(refusal_of("count", count), StartsWith("c.json: host 2: ")) << count;
  }
  EXPECT_THAT(refusal_of("count", 0), HasSubstr("count is 0, not a whole number from 1 to 4096"));
}

TEST(ClusterJson, NamesHostAndKey) {
  EXPECT_EQ(refusal_of("gflops", 3), "c.json: host 2: the key 'gflops' is unknown");
  EXPECT_THAT(refusal_of("name", 7), StartsWith("c.json: host 2: "));
  for (const auto* keys : {&positive_keys(), &keys_from_zero()}) {
    for (const std::string& key : *keys) {
      json j = two_hosts();
      j["hosts"][1].erase(key);
      EXPECT_EQ(refusal_of(j.dump()), "c.json: host 2: " + key + " is missing");
    }
  }
}

TEST(ClusterJson, RefusesWrongNumbers) {
  for (const std::string& key : positive_keys()) {
    for (const json& value : {json(0), json(-1), json(1e-300), json(1e300), json(nullptr),
                              json("fast"), json::array({1})}) {
      EXPECT_EQ(refusal_of(key, value), "c.json: host 2: " + key + " is " + value.dump() +
                                            ", not a number from 0.000001 to 1000000000");
    }
  }
  for (const std::string& key : keys_from_zero()) {
    for (const json& value : {json(-1), json(nullptr), json("fast")}) {
      EXPECT_EQ(refusal_of(key, value), "c.json: host 2: " + key + " is " + value.dump() +
                                            ", not a number from 0 to 1000000000");
    }
    json j = two_hosts();
    j["hosts"][1][key] = 0;
    EXPECT_EQ(read(j).ranks(), 2);
  }
  for (const json& value : {json(0), json(-1), json(1.5), json("1GiB")}) {
    EXPECT_EQ(refusal_of("memory_bytes", value),
              "c.json: host 2: memory_bytes is " + value.dump() + ", not a whole number above 0");
  }
}

TEST(ClusterJson, RefusesNumbersThatAreNone) {
  for (const char* number : {"NaN", "Infinity", "1e999"}) {
    std::string text = two_hosts().dump();
    const std::size_t begin = text.find("\"blas_gflops\":") + 14;
    text.replace(begin, text.find(',', begin) - begin, number);
    EXPECT_THAT(refusal_of(text), StartsWith("c.json: ")) << number;
  }
}

TEST(ClusterJson, RefusesWhatIsNoCluster) {
  for (const char* text : {"", "{", "pi4:8", "[1,", "\xff"}) {
    EXPECT_THAT(refusal_of(std::string(text)), StartsWith("c.json: is no JSON")) << text;
  }
  for (const char* text : {"{}", "[]", "7", "null", R"({"hosts": []})",
                           R"({"schema": 1, "hosts": []})", R"({"schema": "vpinfer-cluster-2"})"}) {
    EXPECT_THAT(refusal_of(std::string(text)), HasSubstr("vpinfer-cluster-1")) << text;
  }
  for (const json& hosts : {json(), json::array(), json::object(), json("pi4")}) {
    json j = two_hosts();
    j["hosts"] = hosts;
    EXPECT_EQ(refusal_of(j.dump()), "c.json: has no list of hosts");
  }
  json j = two_hosts();
  j["network"] = "slow";
  EXPECT_EQ(refusal_of(j.dump()), "c.json: the key 'network' is unknown");
  j = two_hosts();
  j["hosts"][1] = "pi4";
  EXPECT_EQ(refusal_of(j.dump()), "c.json: host 2: \"pi4\" is no object");
}

TEST(ReadCluster, TakesFilesAndKinds) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "c.json").string();
  std::ofstream(path) << to_json(parse_cluster("pi3:3"));
  EXPECT_EQ(read_cluster(path, {}).ranks(), 3);
  EXPECT_EQ(read_cluster(path, 2).ranks(), 2);
  EXPECT_EQ(read_cluster("pi4:5", {}).ranks(), 5);
  EXPECT_EQ(read_cluster("pi4:5", 3).ranks(), 3);
  EXPECT_EQ(read_cluster("", 4), cluster_of(4, raspberry_pi_4()));
  EXPECT_THAT(error_line<BadInput>([&] { (void)read_cluster(path, 4); }),
              AllOf(HasSubstr(path), HasSubstr("3 hosts, too few for 4 ranks")));
  EXPECT_THAT(error_line<BadInput>([] { (void)read_cluster("none.json", {}); }),
              HasSubstr("none.json"));
  EXPECT_THAT(error_line<BadUsage>([] { (void)read_cluster("none", {}); }), HasSubstr("pi4"));
}

TEST(ClusterOfJob, GivesRanksTheHostsOfTheirNames) {
  const TemporaryFolder folder;
  Cluster cluster = parse_cluster("pi4:4");
  for (int i = 0; i < 4; ++i) {
    cluster.hosts[static_cast<std::size_t>(i)].name = "pi" + std::to_string(i + 1);
  }
  const std::string path = folder.write("c.json", to_json(cluster)).string();
  const auto hosts_of = [&path](const std::vector<std::string>& ranks) {
    std::vector<std::string> names;
    for (const Host& host : cluster_of_job(path, ranks).hosts) names.push_back(host.name);
    return names;
  };
  EXPECT_THAT(hosts_of({"pi3", "pi1"}), ElementsAre("pi3", "pi1"));
  EXPECT_THAT(hosts_of({"new", "pi4", "pi1"}), ElementsAre("pi2", "pi4", "pi1"));
  EXPECT_THAT(hosts_of({"a", "b", "c", "d"}), ElementsAre("pi1", "pi2", "pi3", "pi4"));
  EXPECT_THAT(error_line<BadInput>([&] {
                (void)hosts_of({"a", "b", "c", "d", "e"});
              }),
              HasSubstr("4 hosts, too few for 5 ranks"));
  EXPECT_THAT(error_line<BadInput>([&] {
                (void)hosts_of({"pi1", "pi1"});
              }),
              HasSubstr("c.json has fewer hosts pi1 than ranks run there"));
}

TEST(ReadCluster, TakesHostfiles) {
  const TemporaryFolder folder;
  PlanOptions plan;
  plan.hosts = folder.write("pis.txt", "pi1 slots=1\npi2\npi3\n");
  const Cluster cluster = read_cluster(plan);
  ASSERT_EQ(cluster.ranks(), 3);
  EXPECT_EQ(cluster.host(1).name, "pi2");
  EXPECT_EQ(cluster.host(1).speed, raspberry_pi_4().speed);
  EXPECT_EQ(cluster.host(1).link, raspberry_pi_4().link);
  plan.ranks = 2;
  EXPECT_EQ(read_cluster(plan).ranks(), 2);
  plan.ranks = 4;
  EXPECT_THAT(
      error_line<BadInput>([&] { (void)read_cluster(plan); }),
      AllOf(StartsWith("--hosts: "), HasSubstr("pis.txt has 3 hosts, too few for 4 ranks")));
}

TEST(ReadCluster, PutsEveryHostOnTheLink) {
  const TemporaryFolder folder;
  std::array<PlanOptions, 4> all;
  all[0].ranks = 3;
  all[1].cluster = "zero2+pi4:2@1gbit";
  all[2].cluster = folder.write("c.json", to_json(parse_cluster("pi3+pi4:2"))).string();
  all[3].hosts = folder.write("pis.txt", "pi1\npi2\npi3\n");
  for (PlanOptions& plan : all) {
    Cluster expected = read_cluster(plan);
    ASSERT_EQ(expected.ranks(), 3);
    for (Host& host : expected.hosts) host.link.bytes_per_second = 5e6;
    plan.link_bytes_per_second = 5e6;
    EXPECT_EQ(read_cluster(plan), expected);
  }
}

}  // namespace
}  // namespace vpinfer
