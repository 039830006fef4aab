#include "base/file_problem.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

TEST(FileProblem, SaysWhatWhereAndWhatToDo) {
  EXPECT_EQ(file_problem(FileUse::kRead, "a/m.h5", ENOENT),
            "cannot read a/m.h5: No such file or directory; is the name right?");
  EXPECT_EQ(file_problem(FileUse::kWrite, "a/m.h5", ENOENT),
            "cannot write a/m.h5: No such file or directory; make the folder a first");
  EXPECT_EQ(file_problem(FileUse::kWrite, "a", EISDIR),
            "cannot write a: Is a directory; name a file in it");
  EXPECT_EQ(file_problem(FileUse::kRead, "a", EACCES),
            "cannot read a: Permission denied; its owner must allow that");
  EXPECT_EQ(file_problem(FileUse::kWrite, "a", ENOSPC), "cannot write a: No space left on device");
  EXPECT_EQ(file_problem(FileUse::kRead, "a", ENOENT, "copy it here"),
            "cannot read a: No such file or directory; copy it here");
}

TEST(OpenToRead, ReadsAFileOrRefusesIt) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.txt";
  const auto refusal = [&] { return error_line<BadInput>([&] { (void)open_to_read(path); }); };
  EXPECT_EQ(refusal(), file_problem(FileUse::kRead, path, ENOENT));
  std::ofstream(path) << "one\r\n";
  std::string line;
  std::ifstream file = open_to_read(path);
  std::getline(file, line);
  EXPECT_EQ(line, "one\r");
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_EQ(refusal(), file_problem(FileUse::kRead, path, EISDIR));
}

TEST(RefuseSpecialFile, LetsFilesAndAbsentOnesPass) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a";
  const auto refusal = [&] {
    return error_line<BadInput>([&] { refuse_special_file(FileUse::kWrite, path); });
  };
  EXPECT_NO_THROW(refuse_special_file(FileUse::kWrite, path));
  std::ofstream(path) << "one";
  EXPECT_NO_THROW(refuse_special_file(FileUse::kWrite, path));
  fs::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(refusal(), "cannot write " + path.string() + ": it is no regular file");
  EXPECT_EQ(error_line<BadInput>([&] { refuse_special_file(FileUse::kRead, folder.path()); }),
            file_problem(FileUse::kRead, folder.path(), EISDIR));
}

}  // namespace
}  // namespace vpinfer
