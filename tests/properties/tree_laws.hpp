#pragma once

/// The laws that the source tree itself has to keep. Each is a function from a file to its faults,
/// so that it can be tried on a file made to break it as well as on the tree.

#include <array>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "source_tree.hpp"

namespace iscsi::tree {

using Faults = std::vector<std::string>;

inline std::string at_line(std::size_t index, const std::string& fault) {
  return ':' + std::to_string(index + 1) + ": " + fault;
}

struct Include {
  std::size_t line;
  bool system;
  std::string_view name;
};

inline std::vector<Include> includes_of(std::string_view text) {
  std::vector<Include> found;
  const auto lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("#include ")) continue;
    const std::string_view name = lines[i].substr(9);
    const std::size_t end = name.find(name.starts_with('<') ? '>' : '"', 1);
    found.push_back({i, name.starts_with('<'), name.substr(1, end - 1)});
  }
  return found;
}

inline std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.find('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

// The order of the folders.

inline constexpr auto chapters = std::to_array<std::string_view>(
    {"rules", "wire", "pdu", "text", "login", "scsi", "session", "target", "server"});

/// Whether a file of chapter `from` may include `name`. Names without a folder are those of the
/// root: the limits, which all share.
inline bool may_include(std::string_view from, std::string_view name) {
  const std::string_view to = folder_of(name);
  if (to == from) return true;
  if (from == "scsi") return name == "wire/bytes.hpp";  // it knows nothing of iSCSI
  if (to.empty()) return name == "limits.hpp";
  const auto place = [](std::string_view folder) { return std::ranges::find(chapters, folder); };
  return place(to) < place(from) && place(to) != chapters.end();
}

inline Faults includes_that_point_down(const SourceFile& file) {
  Faults faults;
  if (!file.in("reference") || !file.is_cpp()) return faults;
  const std::string_view chapter = folder_of(std::string_view(file.path).substr(10));
  for (const Include& include : includes_of(file.text))
    if (!include.system && !may_include(chapter, include.name))
      faults.push_back(at_line(include.line, "may not include " + std::string(include.name)));
  return faults;
}

/// A judge must not consult the accused. One file brings the two together: the transport that puts
/// a target value where a connection would be.
inline Faults judge_that_consults_the_accused(const SourceFile& file) {
  Faults faults;
  const bool is_transport = file.path.starts_with("conformance/in_process.");
  if (!file.in("conformance") || !file.is_cpp() || is_transport) return faults;
  static const std::set<std::string_view> accused{"login", "scsi", "session", "target", "server"};
  for (const Include& include : includes_of(file.text)) {
    const bool beyond_grammar = folder_of(include.name) == "text" &&
                                include.name != "text/grammar.hpp" &&
                                include.name != "text/assembly.hpp";
    if (!include.system && (accused.contains(folder_of(include.name)) || beyond_grammar))
      faults.push_back(at_line(include.line, "may not include " + std::string(include.name)));
  }
  return faults;
}

// The pure core.

inline bool is_core(const SourceFile& file) {
  return file.in("reference") && !file.in("reference/server") && file.is_cpp();
}

/// What the core may use of the standard library: values, containers, algorithms. Streams, clocks,
/// chance, threads, files and environment are not among them.
inline const std::set<std::string_view>& core_headers() {
  static const std::set<std::string_view> headers{"algorithm",     "array",
                                                  "bit",           "cassert",
                                                  "charconv",      "compare",
                                                  "concepts",      "cstddef",
                                                  "cstdint",       "cstring",
                                                  "deque",         "expected",
                                                  "functional",    "initializer_list",
                                                  "iterator",      "limits",
                                                  "list",          "map",
                                                  "memory",        "numeric",
                                                  "optional",      "ranges",
                                                  "set",           "span",
                                                  "string",        "string_view",
                                                  "tuple",         "type_traits",
                                                  "unordered_map", "utility",
                                                  "variant",       "vector"};
  return headers;
}

/// Foreign libraries, each behind one file: the hashes of CHAP, the name profile, the instruction
/// for CRC32C.
inline const std::map<std::string_view, std::string_view>& core_libraries() {
  static const std::map<std::string_view, std::string_view> owners{
      {"openssl/evp.h", "reference/login/chap.cpp"},
      {"openssl/crypto.h", "reference/login/chap.cpp"},
      {"stringprep.h", "reference/login/names.cpp"},
      {"immintrin.h", "reference/wire/crc32c.cpp"}};
  return owners;
}

inline Faults world_in_the_core(const SourceFile& file) {
  Faults faults;
  if (!is_core(file)) return faults;
  for (const Include& include : includes_of(file.text)) {
    const auto owner = core_libraries().find(include.name);
    const bool owned = owner != core_libraries().end() && owner->second == file.path;
    if (include.system && !owned && !core_headers().contains(include.name))
      faults.push_back(
          at_line(include.line, "<" + std::string(include.name) + "> has no place in the core"));
  }
  static constexpr auto banned = std::to_array<std::string_view>(
      {"throw", "try", "catch", "goto", "thread_local", "volatile", "asm"});
  const std::string code = without_comments(file.text);
  const auto lines = lines_of(code);
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (const std::string_view word : banned)
      if (has_word(lines[i], word))
        faults.push_back(at_line(i, std::string(word) + " has no place in the core"));
  return faults;
}

/// Heavy or foreign headers stay in the one file that wraps them.
inline Faults library_outside_its_file(const SourceFile& file) {
  static const std::map<std::string_view, std::string_view> owners{
      {"nlohmann/json.hpp", "reference/server/configuration_json.cpp"},
      {"CLI/CLI.hpp", "reference/server/configuration_command_line.cpp"}};
  Faults faults;
  if (!file.in("reference")) return faults;
  for (const Include& include : includes_of(file.text))
    if (const auto owner = owners.find(include.name);
        owner != owners.end() && owner->second != file.path)
      faults.push_back(at_line(
          include.line, std::string(include.name) + " belongs to " + std::string(owner->second)));
  return faults;
}

inline Faults macros_and_missing_guards(const SourceFile& file) {
  Faults faults;
  if (!file.is_cpp()) return faults;
  if (file.ends_with({".hpp"}) && !file.text.starts_with("#pragma once\n"))
    faults.emplace_back(":1: a header begins with #pragma once");
  const std::string code = without_comments(file.text);
  const auto lines = lines_of(code);
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (lines[i].starts_with("#define")) faults.push_back(at_line(i, "no macros"));
  return faults;
}

// Sizes.

inline std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

inline bool is_program_text(const SourceFile& file) {
  return file.ends_with({".cpp", ".hpp", ".c", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt"}) ||
         (file.text.starts_with("#!") && !file.ends_with({".md"}));
}

inline Faults untidy_lines(const SourceFile& file) {
  Faults faults;
  if (!is_program_text(file)) return faults;
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (columns(lines[i]) > 100) faults.push_back(at_line(i, "longer than 100 columns"));
    if (lines[i].ends_with(' ') || lines[i].ends_with('\r'))
      faults.push_back(at_line(i, "blanks at the end"));
    if (lines[i].find('\t') != std::string_view::npos) faults.push_back(at_line(i, "a tab"));
    for (const std::string_view word : {"TO"
                                        "DO",
                                        "FIX"
                                        "ME",
                                        "XX"
                                        "X"})
      if (has_word(lines[i], word)) faults.push_back(at_line(i, std::string(word)));
  }
  if (!file.text.empty() && !file.text.ends_with('\n'))
    faults.emplace_back(": no newline at the end");
  return faults;
}

inline Faults long_files(const SourceFile& file) {
  constexpr std::size_t most = 600;
  const std::size_t count = is_program_text(file) ? lines_of(file.text).size() : 0;
  if (count <= most) return {};
  return {": " + std::to_string(count) + " lines, more than " + std::to_string(most)};
}

/// The line on which the declaration begins whose opening brace ends line `last`: another one if
/// its parameters take several lines, or a constructor's initialisers stand between.
inline std::size_t first_line_of(const std::vector<std::string_view>& lines, std::size_t last) {
  std::ptrdiff_t open = 0;
  for (std::size_t i = last;; --i) {
    open += std::ranges::count(lines[i], ')') - std::ranges::count(lines[i], '(');
    if (i == 0) return i;
    const std::string_view code =
        lines[i].substr(std::min(lines[i].find_first_not_of(' '), lines[i].size()));
    const bool is_initialiser = code.starts_with(": ") || lines[i - 1].ends_with(',');
    if (open <= 0 && !is_initialiser) return i;
  }
}

/// Whether a declaration that begins so is that of a function or a lambda.
inline bool begins_function(std::string_view line) {
  const std::string_view code = line.substr(std::min(line.find_first_not_of(' '), line.size()));
  if (code.find('(') == code.npos) return false;
  constexpr auto others = std::to_array<std::string_view>(
      {"if ", "else", "for ", "while ", "switch ", "do ", "}", "case ", "catch ", "try ", "class ",
       "struct ", "enum ", "namespace ", "union "});
  return std::ranges::none_of(others,
                              [&](std::string_view other) { return code.starts_with(other); });
}

/// The format pins the shape: the opening brace ends a line, the closing one stands under the first
/// character of the declaration.
inline Faults long_functions(const SourceFile& file) {
  constexpr std::size_t most = 60;
  Faults faults;
  if (!file.is_cpp() || file.in("tests")) return faults;
  const std::string code = without_comments(file.text);
  const auto lines = lines_of(code);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].ends_with('{') || lines[i].find(')') == std::string_view::npos) continue;
    const std::size_t first = first_line_of(lines, i);
    if (!begins_function(lines[first])) continue;
    const std::string closing = std::string(lines[first].find_first_not_of(' '), ' ') + '}';
    std::size_t last = i + 1;
    while (last < lines.size() && !lines[last].starts_with(closing)) ++last;
    if (last - first + 1 > most)
      faults.push_back(at_line(first, "a function of " + std::to_string(last - first + 1) +
                                          " lines, more than " + std::to_string(most)));
  }
  return faults;
}

// Folders and documents.

inline Faults strangers_at_the_top(const std::set<std::string>& entries) {
  // "build" is what the build commands make; git does not see it.
  static const std::set<std::string> known{"CMakeLists.txt", "README.md", "reference", "fuzz",
                                           "conformance",    "corpus",    "traces",    "tests",
                                           "docs",           "build"};
  Faults faults;
  for (const std::string& entry : entries)
    if (!entry.starts_with('.') && !known.contains(entry))
      faults.push_back(entry + " has no place at the top level");
  return faults;
}

/// Folders that explain themselves: the top ones, the chapters, and what has commands in it.
inline Faults folders_without_readme(const std::set<std::string>& paths) {
  std::set<std::string> folders;
  for (const std::string& path : paths) {
    const std::string top{folder_of(path)};
    if (top.empty() || top.starts_with('.')) continue;
    folders.insert(top);
    if (top == "reference" && !folder_of(std::string_view(path).substr(10)).empty())
      folders.insert(top + '/' + std::string(folder_of(std::string_view(path).substr(10))));
  }
  for (const char* folder : {"tests/interop", "tests/bench"}) folders.insert(folder);
  Faults faults;
  for (const std::string& folder : folders)
    if (!paths.contains(folder + "/README.md")) faults.push_back(folder + " has no README.md");
  return faults;
}

/// The anchor that a heading gets: lower case, words joined by dashes, other marks dropped.
inline std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : heading.substr(std::min(heading.find_first_not_of("# "), heading.size())))
    if (c == ' ' || c == '-')
      anchor += '-';
    else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
             static_cast<unsigned char>(c) >= 0x80)
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return anchor;
}

inline bool has_anchor(std::string_view document, std::string_view anchor) {
  return std::ranges::any_of(lines_of(document), [&](std::string_view line) {
    return line.starts_with('#') && anchor_of(line) == anchor;
  });
}

/// Text without code: a link in a listing is an example, not a promise.
inline std::string without_listings(std::string_view text) {
  std::string kept;
  bool listing = false;
  for (const std::string_view line : lines_of(text)) {
    if (line.starts_with("```")) listing = !listing;
    bool code = false;
    for (const char c : line) {
      if (c == '`') code = !code;
      kept += listing || code ? ' ' : c;
    }
    kept += '\n';
  }
  return kept;
}

inline Faults dead_links(const SourceFile& file,
                         const std::map<std::string, std::string>& documents,
                         const std::set<std::string>& paths) {
  Faults faults;
  if (!file.ends_with({".md"})) return faults;
  const std::string text = without_listings(file.text);
  const std::filesystem::path folder = std::filesystem::path(file.path).parent_path();
  for (std::size_t at = text.find("]("); at != text.npos; at = text.find("](", at + 1)) {
    const std::string link = text.substr(at + 2, text.find(')', at) - at - 2);
    if (link.find("://") != link.npos || link.starts_with("mailto:")) continue;
    const std::size_t hash = std::min(link.find('#'), link.size());
    std::string to = (folder / link.substr(0, hash)).lexically_normal().generic_string();
    if (hash == 0) to = file.path;
    if (to.ends_with('/')) to.pop_back();
    if (!paths.contains(to)) {
      faults.push_back(": " + link + " points nowhere");
    } else if (hash != link.size() && to.ends_with(".md") &&
               !has_anchor(documents.at(to), std::string_view(link).substr(hash + 1))) {
      faults.push_back(": " + link + " names no heading");
    }
  }
  return faults;
}

struct Index {
  std::set<std::string> paths;  // files and folders
  std::map<std::string, std::string> documents;
};

inline Index index_of(const std::vector<SourceFile>& files) {
  Index index;
  for (const SourceFile& file : files) {
    for (std::filesystem::path path = file.path; !path.empty(); path = path.parent_path())
      index.paths.insert(path.generic_string());
    if (file.ends_with({".md"})) index.documents.emplace(file.path, file.text);
  }
  return index;
}

}  // namespace iscsi::tree
