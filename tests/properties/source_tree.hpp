#pragma once

/// The source tree as data: every file of the project, and C++ text without its comments.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace iscsi::tree {

struct SourceFile {
  std::string path;  ///< from the root of the project, with slashes
  std::string text;

  [[nodiscard]] bool in(std::string_view folder) const {
    return path.starts_with(std::string(folder) + '/');
  }
  [[nodiscard]] bool ends_with(std::initializer_list<std::string_view> endings) const {
    return std::ranges::any_of(endings, [&](std::string_view end) { return path.ends_with(end); });
  }
  [[nodiscard]] bool is_cpp() const { return ends_with({".cpp", ".hpp"}); }
};

/// Every regular file but those of builds and of git. The contents of binary files are of no use
/// to anyone here; they are read all the same.
inline std::vector<SourceFile> files_below(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  std::vector<SourceFile> files;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() &&
        (name == ".git" || name == "__pycache__" || (entry.depth() == 0 && name == "build"))) {
      entry.disable_recursion_pending();
      continue;
    }
    // In a linked work tree of git, .git is a file.
    if (!entry->is_regular_file() || name == ".git") continue;
    std::ifstream stream(entry->path(), std::ios::binary);
    files.push_back({fs::relative(entry->path(), root).generic_string(),
                     std::string{std::istreambuf_iterator<char>(stream), {}}});
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// C++ with comments and the insides of literals made blank; lines stay where they are. Include
/// lines keep their names, which are no literals.
class Blanked {
 public:
  explicit Blanked(std::string_view text) : text_(text) {
    while (at_ < text_.size()) step();
  }
  [[nodiscard]] const std::string& result() const { return text_; }

 private:
  void step() {
    const std::string_view rest = std::string_view(text_).substr(at_);
    if (rest.starts_with("#include"))
      at_ += std::min(rest.find('\n'), rest.size());
    else if (rest.starts_with("//"))
      blank(std::min(rest.find('\n'), rest.size()));
    else if (rest.starts_with("/*"))
      blank(std::min(rest.find("*/", 2), rest.size() - 2) + 2);
    else if (rest.starts_with("R\"") && !continues_a_word())
      blank(raw_literal_size(rest));
    else if (rest.front() == '"' || (rest.front() == '\'' && !continues_a_word()))
      blank(literal_size(rest));
    else
      ++at_;
  }

  /// The quote of 1'000'000, the R of a longer name.
  [[nodiscard]] bool continues_a_word() const {
    return at_ != 0 &&
           (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0 || text_[at_ - 1] == '_');
  }

  static std::size_t literal_size(std::string_view rest) {
    std::size_t i = 1;
    while (i < rest.size() && rest[i] != rest.front()) i += rest[i] == '\\' ? 2 : 1;
    return std::min(i + 1, rest.size());
  }

  static std::size_t raw_literal_size(std::string_view rest) {
    const std::size_t open = rest.find('(');
    const std::string end = ')' + std::string(rest.substr(2, open - 2)) + '"';
    const std::size_t close = rest.find(end, open);
    return close == std::string_view::npos ? rest.size() : close + end.size();
  }

  void blank(std::size_t count) {
    const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(at_);
    std::replace_if(
        begin, begin + static_cast<std::ptrdiff_t>(count), [](char c) { return c != '\n'; }, ' ');
    at_ += count;
  }

  std::string text_;
  std::size_t at_ = 0;
};

inline std::string without_comments(std::string_view text) { return Blanked(text).result(); }

/// Whether `word` stands in `text` as a word of its own.
inline bool has_word(std::string_view text, std::string_view word) {
  const auto part_of_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !part_of_name(text[at - 1])) &&
        (end == text.size() || !part_of_name(text[end])))
      return true;
  }
  return false;
}

}  // namespace iscsi::tree
