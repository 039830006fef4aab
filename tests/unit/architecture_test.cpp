#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace vpinfer {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

/// The floors that each floor may include from, as CMake links them.
using Floors = std::map<std::string, std::set<std::string>>;

/// Those that are no library: the module that reads ONNX, and main.cpp.
const std::map<std::string, std::string> kUsedByPrograms{{"onnx", "import"}, {"main", "app"}};

/// The floors of the headers that programs which embed vpinfer include, too.
const std::map<std::string, std::string> kPublicHeaders{
    {"box.hpp", "base"},           {"convolution_path.hpp", "base"},
    {"error.hpp", "base"},         {"changes.hpp", "base"},
    {"wire_format.hpp", "base"},   {"memory.hpp", "base"},
    {"number_format.hpp", "base"}, {"version.hpp", "base"},
    {"plan.hpp", "plan"},          {"strategy.hpp", "plan"},
    {"cluster.hpp", "search"},     {"planning.hpp", "search"},
    {"frames.hpp", "exec"},        {"mpi.hpp", "comm"},
    {"report.hpp", "report"},      {"model.hpp", "session"},
    {"session.hpp", "session"},    {"prediction.hpp", "base"}};

/// The one floor that may include a library's header.
const std::map<std::string, std::string> kLibraryOwners{
    {"mpi.h", "comm"}, {"hdf5.h", "io"}, {"cblas.h", "kernel"}, {"onnx/onnx_pb.h", "onnx"}};

/// A folder within a floor builds on the files beside it, not they on it, but for one.
struct Folder {
  std::string path;
  std::string user;  ///< its path without extension
};
const std::vector<Folder> kFolders{{"src/kernel/convolution/", "src/kernel/computation"}};

/// A source file by its path from the top of the repository.
struct SourceFile {
  std::string path;
  std::string text;
};

using Exists = std::function<bool(const std::string& path)>;

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A floor and those that it says it uses.
struct NamedFloor {
  std::string name;
  std::vector<std::string> uses;
};

/// Each `vpinfer_floor(name USES ... PRIVATE ...)`.
std::vector<NamedFloor> named_floors(const std::string& cmake) {
  static const std::regex call(R"(\nvpinfer_floor\((\w+)(?:\s+USES((?:\s+[a-z]+)+))?[^)]*\))");
  std::vector<NamedFloor> floors;
  for (std::sregex_iterator match(cmake.begin(), cmake.end(), call), end; match != end; ++match) {
    std::istringstream words((*match)[2]);
    floors.push_back({(*match)[1], {std::istream_iterator<std::string>(words), {}}});
  }
  return floors;
}

Floors floors_of(const std::string& cmake) {
  Floors floors;
  const auto add = [&](const std::string& floor, const std::string& used) {
    const auto below = floors.find(used);
    if (below == floors.end()) {
      ADD_FAILURE() << floor << " uses " << used << ", which does not stand before it";
      return;
    }
    floors[floor].insert(used);
    floors[floor].insert(below->second.begin(), below->second.end());
  };
  for (const auto& [floor, used] : named_floors(cmake)) {
    floors[floor];
    for (const std::string& name : used) add(floor, name);
  }
  for (const auto& [floor, used] : kUsedByPrograms) add(floor, used);
  return floors;
}

const Floors& our_floors() {
  static const Floors floors = floors_of(text_of(fs::path(VPINFER_SOURCE_DIR) / "CMakeLists.txt"));
  return floors;
}

/// `src/io/x.cpp` -> io; `include/vpinfer/error.hpp` -> base; `src/main.cpp` -> main.
std::string floor_of(const std::string& path) {
  std::smatch match;
  if (std::regex_match(path, match, std::regex("src/([^/]+)/.*"))) return match[1];
  if (std::regex_match(path, match, std::regex("include/vpinfer/(.*)"))) {
    const auto known = kPublicHeaders.find(match[1]);
    return known == kPublicHeaders.end() ? path : known->second;
  }
  return path == "src/main.cpp" ? "main" : path;
}

bool may_enter_folder(const std::string& from, const std::string& to) {
  return std::none_of(kFolders.begin(), kFolders.end(), [&](const Folder& folder) {
    return to.starts_with(folder.path) && !from.starts_with(folder.path) &&
           !from.starts_with(folder.user + ".") && floor_of(from) == floor_of(to);
  });
}

/// What is wrong with one #include of a file; empty if nothing.
std::string problem_with(const SourceFile& file, const std::string& name, bool quoted,
                         const Exists& exists) {
  const std::string from = floor_of(file.path);
  if (!our_floors().contains(from)) return "unknown floor " + from;
  if (const auto owner = kLibraryOwners.find(name); owner != kLibraryOwners.end()) {
    return owner->second == from ? "" : name + " belongs to " + owner->second;
  }
  if (!quoted) return name.starts_with("vpinfer/") ? name + " needs quotes" : "";
  const std::string path = (name.starts_with("vpinfer/") ? "include/" : "src/") + name;
  if (!exists(path)) return name + " does not exist";
  const std::string to = floor_of(path);
  if (!our_floors().contains(to)) return "unknown floor " + to;
  if (from != to && !our_floors().at(from).contains(to))
    return from + " must not include " + to + " (" + name + ")";
  return may_enter_folder(file.path, path) ? "" : "only a folder's user may include " + name;
}

std::vector<std::string> violations(const SourceFile& file, const Exists& exists) {
  static const std::regex include(R"re(^\s*#\s*include\s*(["<])([^">]+)[">].*)re");
  std::vector<std::string> found;
  std::istringstream lines(file.text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::smatch match;
    if (!std::regex_match(line, match, include)) continue;
    const std::string problem = problem_with(file, match[2], match[1] == "\"", exists);
    if (!problem.empty()) {
      found.push_back(file.path + ":" + std::to_string(number) + ": " + problem);
    }
  }
  return found;
}

std::vector<SourceFile> all_sources() {
  const fs::path top = VPINFER_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const std::string folder : {"src", "include"}) {
    for (const auto& entry : fs::recursive_directory_iterator(top / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp") continue;
      files.push_back({fs::relative(entry.path(), top).string(), text_of(entry.path())});
    }
  }
  return files;
}

TEST(Architecture, EverySourceIncludesOnlyWhatItsFloorMay) {
  const std::vector<SourceFile> files = all_sources();
  EXPECT_GT(files.size(), 50U);
  const Exists exists = [](const std::string& path) {
    return fs::is_regular_file(fs::path(VPINFER_SOURCE_DIR) / path);
  };
  for (const SourceFile& file : files) EXPECT_THAT(violations(file, exists), IsEmpty());
}

TEST(Architecture, NoFileIsLong) {
  constexpr std::ptrdiff_t kMostLines = 400;
  for (const SourceFile& file : all_sources()) {
    EXPECT_LE(std::count(file.text.begin(), file.text.end(), '\n'), kMostLines) << file.path;
  }
}

/// Whether a text includes a header of a floor, a public one or another.
bool includes_floor(const std::string& text, const std::string& floor) {
  return text.find("#include \"" + floor + "/") != std::string::npos ||
         std::any_of(kPublicHeaders.begin(), kPublicHeaders.end(), [&](const auto& header) {
           return header.second == floor &&
                  text.find("#include \"vpinfer/" + header.first + "\"") != std::string::npos;
         });
}

TEST(Architecture, EachFloorNamesOnlyFloorsThatItIncludes) {
  const std::vector<SourceFile> files = all_sources();
  const std::vector<NamedFloor> floors =
      named_floors(text_of(fs::path(VPINFER_SOURCE_DIR) / "CMakeLists.txt"));
  EXPECT_GT(floors.size(), 10U);
  for (const auto& [floor, used] : floors) {
    for (const std::string& name : used) {
      const bool included = std::any_of(files.begin(), files.end(), [&](const SourceFile& file) {
        return floor_of(file.path) == floor && includes_floor(file.text, name);
      });
      EXPECT_TRUE(included) << floor << " includes nothing of " << name;
    }
  }
}

TEST(Architecture, EachLibraryIsUsedByItsFloor) {
  // Otherwise the rule above would hold for a header that goes by another name.
  for (const auto& [header, owner] : kLibraryOwners) {
    bool used = false;
    for (const SourceFile& file : all_sources()) {
      used = used || file.text.find("#include <" + header + ">") != std::string::npos;
    }
    EXPECT_TRUE(used) << header;
  }
}

TEST(ArchitectureFloors, ComeFromCMake) {
  EXPECT_THAT(floors_of("\nvpinfer_floor(import)\nvpinfer_floor(io USES import PRIVATE X::X)"
                        "\nvpinfer_floor(app USES io PRIVATE Y::Y)\n"),
              Contains(Pair("app", ElementsAre("import", "io"))));
  EXPECT_NONFATAL_FAILURE((void)floors_of("\nvpinfer_floor(import)\nvpinfer_floor(app USES io)"
                                          "\nvpinfer_floor(io)\n"),
                          "app uses io, which does not stand before it");
}

std::vector<std::string> violations_of(const std::string& path, const std::string& text) {
  return violations({path, text}, [](const std::string& name) {
    return name.find("absent") == std::string::npos;
  });
}

TEST(ArchitectureScanner, FindsLibrariesOutsideTheirFloor) {
  EXPECT_THAT(violations_of("src/app/a.cpp", "#include <vector>\n#include <mpi.h>\n"),
              ElementsAre("src/app/a.cpp:2: mpi.h belongs to comm"));
  EXPECT_THAT(violations_of("src/exec/a.hpp", "  #  include \"hdf5.h\"  // why not\n"),
              ElementsAre(HasSubstr("hdf5.h belongs to io")));
  EXPECT_THAT(violations_of("src/main.cpp", "#include <cblas.h>"),
              ElementsAre(HasSubstr("cblas.h belongs to kernel")));
  EXPECT_THAT(violations_of("src/kernel/a.cpp", "#include <cblas.h>\n"), IsEmpty());
}

TEST(ArchitectureScanner, FindsIncludesThatGoUpOrSideways) {
  const auto including = [](const std::string& path, const std::string& floor) {
    return violations_of(path, "#include \"" + floor + "/x.hpp\"\n");
  };
  EXPECT_THAT(including("src/net/a.cpp", "plan"),
              ElementsAre(HasSubstr("net must not include plan (plan/x.hpp)")));
  EXPECT_THAT(including("src/net/a.cpp", "kernel"), ElementsAre(HasSubstr("net must not")));
  EXPECT_THAT(including("src/io/a.cpp", "comm"), ElementsAre(HasSubstr("io must not")));
  EXPECT_THAT(including("src/comm/a.cpp", "plan"), ElementsAre(HasSubstr("comm must not")));
  EXPECT_THAT(including("src/vision/a.cpp", "exec"), ElementsAre(HasSubstr("vision must not")));
  EXPECT_THAT(including("src/report/a.hpp", "session"), ElementsAre(HasSubstr("report must not")));
  EXPECT_THAT(including("src/session/a.hpp", "app"), ElementsAre(HasSubstr("session must not")));
  EXPECT_THAT(including("src/kernel/a.cpp", "net"), IsEmpty());
  EXPECT_THAT(including("src/main.cpp", "app"), IsEmpty());
  EXPECT_THAT(including("src/io/a.cpp", "io"), IsEmpty());
}

TEST(ArchitectureScanner, FindsIncludesOfAFolderFromBesideIt) {
  const auto including = [](const std::string& path, const std::string& header) {
    return violations_of(path, "#include \"" + header + "\"\n");
  };
  EXPECT_THAT(including("src/kernel/pooling.cpp", "kernel/convolution/x.hpp"),
              ElementsAre(HasSubstr("only a folder's user may include kernel/convolution/x.hpp")));
  EXPECT_THAT(including("src/kernel/computation.cpp", "kernel/convolution/x.hpp"), IsEmpty());
  EXPECT_THAT(including("src/kernel/convolution/a.cpp", "kernel/convolution/x.hpp"), IsEmpty());
  EXPECT_THAT(including("src/kernel/convolution/a.cpp", "kernel/pooling.hpp"), IsEmpty());
  EXPECT_THAT(including("src/plan/a.cpp", "kernel/convolution/x.hpp"), IsEmpty());
}

TEST(ArchitectureScanner, FindsFilesThatAreNotThere) {
  EXPECT_THAT(violations_of("src/io/a.cpp", "#include \"io/absent.hpp\"\n"),
              ElementsAre(HasSubstr("io/absent.hpp does not exist")));
  EXPECT_THAT(violations_of("src/io/a.cpp", "#include \"absent.hpp\"\n"),
              ElementsAre(HasSubstr("absent.hpp does not exist")));
  EXPECT_THAT(violations_of("src/io/a.cpp", "#include <vpinfer/error.hpp>\n"),
              ElementsAre(HasSubstr("needs quotes")));
  EXPECT_THAT(violations_of("src/cellar/a.cpp", "#include <vector>\n"),
              ElementsAre(HasSubstr("unknown floor cellar")));
  EXPECT_THAT(violations_of("src/io/a.cpp", "#include \"vpinfer/attic.hpp\"\n"),
              ElementsAre(HasSubstr("unknown floor include/vpinfer/attic.hpp")));
}

}  // namespace
}  // namespace vpinfer
