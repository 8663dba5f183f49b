/// Writes the seeds that are made by hand, and those of the recordings in CORPUS/../traces, into a
/// corpus, or compares them with what is there.
///
/// Usage: fuzz_seeds write|check CORPUS, or fuzz_seeds table
///
/// `check` also holds regressions/README.md against the folder, and sends each regression to a
/// target, which has to name the rule that was broken. Exit status 0, 1 if something differs, 2.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "support/prepared.hpp"
#include "tools/seed.hpp"

namespace iscsi::fuzz {
namespace {

namespace files = std::filesystem;

std::vector<Regression> all_regressions() {
  std::vector<Regression> all;
  for (const auto& part : {foreign_regressions(), crate_regressions(), own_regressions()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// All files of ours, by their path in the corpus.
std::vector<std::pair<files::path, wire::Bytes>> all_files(const files::path& corpus) {
  std::vector<std::pair<files::path, wire::Bytes>> all;
  for (const auto& part : {harness_seeds(), recorded_seeds(corpus / ".." / "traces")})
    for (const Seed& seed : part)
      all.emplace_back(files::path{seed.folder} / seed.name, seed.bytes);
  for (const Regression& one : all_regressions())
    all.emplace_back(files::path{"regressions"} / one.name, one.bytes);
  return all;
}

std::string read(const files::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{file}, {}};
}

int write(const files::path& corpus) {
  for (const auto& [path, bytes] : all_files(corpus)) {
    files::create_directories((corpus / path).parent_path());
    std::ofstream file(corpus / path, std::ios::binary);
    const std::string_view text = wire::as_text(bytes);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  return 0;
}

/// Counts complaints, and prints them.
class Complaints {
 public:
  void add(const std::string& what, const std::string& about) {
    std::fprintf(stderr, "%s: %s\n", what.c_str(), about.c_str());
    ++count_;
  }
  [[nodiscard]] bool any() const { return count_ != 0; }

 private:
  std::size_t count_ = 0;
};

/// Whether the target remarks the breach when it is sent these bytes, in one piece.
bool names(const Regression& regression) {
  const Prepared& made = prepared(0);
  World world{made.target, made.configuration.bounds, 0};
  const ConnectionId connection = made.connections[Conversation::free_line];
  world.deliver(connection, regression.bytes, std::size_t{1} << 16U);
  world.close(connection);
  return std::ranges::any_of(world.notes(), [&regression](const Note& note) {
    return note.violation.rule == *regression.rule;
  });
}

void check_readme(const files::path& folder, Complaints& complaints) {
  const std::string readme = read(folder / "README.md");
  for (const auto& entry : files::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name != "README.md" && !readme.contains("| `" + name + "` |"))
      complaints.add(name, "has no line in the README");
  }
  for (const Regression& one : all_regressions())
    if (!readme.contains("| `" + one.name + "` | " + one.about))
      complaints.add(one.name, "the README says something else than: " + one.about);
}

int check(const files::path& corpus) {
  Complaints complaints;
  for (const auto& [path, bytes] : all_files(corpus))
    if (read(corpus / path) != wire::as_text(bytes))
      complaints.add(path, "is not what this program writes");
  check_readme(corpus / "regressions", complaints);
  for (const Regression& one : all_regressions())
    if (one.rule && !names(one))
      complaints.add(one.name, "does not break " + std::string{about(*one.rule).slug});
  return complaints.any() ? 1 : 0;
}

/// The table of regressions/README.md.
int print_table() {
  for (const Regression& one : all_regressions())
    std::printf("| `%s` | %s | %s |\n", one.name.c_str(), one.about.c_str(),
                one.rule ? std::string{about(*one.rule).slug}.c_str() : "");
  return 0;
}

}  // namespace
}  // namespace iscsi::fuzz

int main(int count, char** values) {
  using namespace iscsi::fuzz;
  const std::string_view task = count > 1 ? values[1] : "";
  if (task == "write" && count == 3) return write(values[2]);
  if (task == "check" && count == 3) return check(values[2]);
  if (task == "table") return print_table();
  std::fprintf(stderr, "usage: fuzz_seeds write|check CORPUS, or fuzz_seeds table\n");
  return 2;
}
