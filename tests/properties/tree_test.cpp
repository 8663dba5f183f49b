/// The source tree keeps its laws, and each law notices when one is broken.

#include <gtest/gtest.h>

#include "tree_laws.hpp"

namespace iscsi::tree {
namespace {

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> files = files_below(SOURCE_ROOT);
  return files;
}

const Index& index() {
  static const Index built = index_of(tree());
  return built;
}

std::string joined(const Faults& faults) {
  std::string text;
  for (const std::string& fault : faults) text += fault + '\n';
  return text;
}

/// Holds a law up to every file of the tree.
template <typename Law>
void expect_kept(Law law) {
  Faults faults;
  for (const SourceFile& file : tree())
    for (const std::string& fault : law(file)) faults.push_back(file.path + fault);
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

/// The faults of a file that does not exist.
template <typename Law>
Faults faults_of(Law law, const char* path, const std::string& text) {
  return law(SourceFile{path, text});
}

TEST(Tree, IsFoundAtAll) {
  EXPECT_TRUE(index().paths.contains("reference/limits.hpp"));
  EXPECT_TRUE(index().paths.contains("tests/properties/tree_test.cpp"));
  EXPECT_FALSE(index().paths.contains(".git"));
}

TEST(Tree, IncludesPointUpTheOrderOfTheFolders) { expect_kept(includes_that_point_down); }

TEST(Tree, IncludesThatPointDownAreNoticed) {
  const auto law = includes_that_point_down;
  EXPECT_EQ(faults_of(law, "reference/pdu/x.hpp", "#include \"text/keys.hpp\"\n"),
            Faults{":1: may not include text/keys.hpp"});
  EXPECT_EQ(faults_of(law, "reference/scsi/x.cpp",
                      "\n#include \"wire/crc32c.hpp\"\n#include \"limits.hpp\"\n")
                .size(),
            2U);
  EXPECT_EQ(faults_of(law, "reference/target/x.cpp", "#include \"server/perform.hpp\"\n").size(),
            1U);
  EXPECT_EQ(faults_of(law, "reference/target/x.cpp", "#include \"elsewhere/x.hpp\"\n").size(), 1U);
  EXPECT_EQ(faults_of(law, "reference/target/x.cpp",
                      "#include \"limits.hpp\"\n#include \"rules/rule.hpp\"\n#include <span>\n"),
            Faults{});
  EXPECT_EQ(faults_of(law, "reference/scsi/x.cpp",
                      "#include \"wire/bytes.hpp\"\n#include \"scsi/y.hpp\"\n"),
            Faults{});
}

TEST(Tree, TheJudgeDoesNotConsultTheAccused) { expect_kept(judge_that_consults_the_accused); }

TEST(Tree, AJudgeThatDoesIsNoticed) {
  for (const char* name : {"login/chap.hpp", "session/session.hpp", "scsi/operation.hpp",
                           "target/target.hpp", "server/perform.hpp", "text/negotiate.hpp"})
    EXPECT_EQ(faults_of(judge_that_consults_the_accused, "conformance/monitor/x.cpp",
                        "#include \"" + std::string(name) + "\"\n"),
              Faults{":1: may not include " + std::string(name)});
  EXPECT_EQ(faults_of(judge_that_consults_the_accused, "conformance/x.cpp",
                      "#include \"text/grammar.hpp\"\n#include \"pdu/codec.hpp\"\n"),
            Faults{});
}

TEST(Tree, TheCoreIsPure) { expect_kept(world_in_the_core); }

TEST(Tree, AnImpureCoreIsNoticed) {
  for (const char* header : {"chrono", "ctime", "random", "thread", "mutex", "atomic", "iostream",
                             "fstream", "sstream", "cstdio", "cstdlib", "unistd.h", "sys/socket.h",
                             "openssl/evp.h", "stringprep.h", "immintrin.h", "format"})
    EXPECT_EQ(faults_of(world_in_the_core, "reference/session/x.cpp",
                        "#include <" + std::string(header) + ">\n"),
              Faults{":1: <" + std::string(header) + "> has no place in the core"});
  EXPECT_EQ(faults_of(world_in_the_core, "reference/pdu/x.cpp", "void f() { throw 1; }\n"),
            Faults{":1: throw has no place in the core"});
  EXPECT_EQ(faults_of(world_in_the_core, "reference/pdu/x.cpp",
                      "// throw\nauto x = \"try\"; /* catch\n goto */ auto y = R\"(asm)\";\n"
                      "int retry_throwing = 1'000;\n"),
            Faults{});
  EXPECT_EQ(faults_of(world_in_the_core, "reference/server/x.cpp", "#include <unistd.h>\n"),
            Faults{});
  EXPECT_EQ(faults_of(world_in_the_core, "reference/login/chap.cpp", "#include <openssl/evp.h>\n"),
            Faults{});
}

TEST(Tree, ForeignLibrariesStayInTheirFiles) { expect_kept(library_outside_its_file); }

TEST(Tree, AForeignLibraryElsewhereIsNoticed) {
  EXPECT_EQ(faults_of(library_outside_its_file, "reference/server/x.hpp",
                      "#include <nlohmann/json.hpp>\n")
                .size(),
            1U);
  EXPECT_EQ(
      faults_of(library_outside_its_file, "reference/server/main.cpp", "#include <CLI/CLI.hpp>\n")
          .size(),
      1U);
}

TEST(Tree, HasNoMacrosAndGuardsEveryHeader) { expect_kept(macros_and_missing_guards); }

TEST(Tree, MacrosAndUnguardedHeadersAreNoticed) {
  EXPECT_EQ(faults_of(macros_and_missing_guards, "reference/x.hpp", "#define X\n"),
            (Faults{":1: a header begins with #pragma once", ":1: no macros"}));
  EXPECT_EQ(faults_of(macros_and_missing_guards, "reference/x.cpp", "// #define X\n"), Faults{});
}

TEST(Tree, LinesAreTidy) { expect_kept(untidy_lines); }

TEST(Tree, UntidyLinesAreNoticed) {
  EXPECT_EQ(faults_of(untidy_lines, "a.cpp", std::string(100, 'x') + "\n"), Faults{});
  EXPECT_EQ(faults_of(untidy_lines, "a.cpp", std::string(101, 'x') + "\n"),
            Faults{":1: longer than 100 columns"});
  std::string umlauts;
  for (int i = 0; i < 100; ++i) umlauts += "ü";
  EXPECT_EQ(faults_of(untidy_lines, "a.py", umlauts + "\n"), Faults{});
  EXPECT_EQ(faults_of(untidy_lines, "a.cpp", "x \n"), Faults{":1: blanks at the end"});
  EXPECT_EQ(faults_of(untidy_lines, "a.cpp", "x\r\n"), Faults{":1: blanks at the end"});
  EXPECT_EQ(faults_of(untidy_lines, "a.cpp", "\tx\n"), Faults{":1: a tab"});
  EXPECT_EQ(faults_of(untidy_lines, "a.cpp",
                      "\n// TO"
                      "DO: x\n")
                .size(),
            1U);
  EXPECT_EQ(faults_of(untidy_lines, "a.cpp", "x"), Faults{": no newline at the end"});
  EXPECT_EQ(faults_of(untidy_lines, "tool", "#!/bin/sh\n\tx\n"), Faults{":2: a tab"});
}

TEST(Tree, FilesAreNotLong) { expect_kept(long_files); }

TEST(Tree, LongFilesAreNoticed) {
  EXPECT_EQ(faults_of(long_files, "a.cpp", std::string(600, '\n')), Faults{});
  EXPECT_EQ(faults_of(long_files, "a.cpp", std::string(601, '\n')),
            Faults{": 601 lines, more than 600"});
}

TEST(Tree, FunctionsAreNotLong) { expect_kept(long_functions); }

TEST(Tree, LongFunctionsAreNoticed) {
  const auto body = [](std::size_t lines) {
    std::string text;
    for (std::size_t i = 0; i < lines; ++i) text += "  ;\n";
    return text;
  };
  EXPECT_EQ(faults_of(long_functions, "a.cpp", "void f() {\n" + body(58) + "}\n"), Faults{});
  EXPECT_EQ(faults_of(long_functions, "a.cpp", "void f() {\n" + body(59) + "}\n"),
            Faults{":1: a function of 61 lines, more than 60"});
  EXPECT_EQ(
      faults_of(long_functions, "a.cpp",
                "struct S {\n  int f(int a,\n        int b) const {\n" + body(58) + "  }\n};\n"),
      Faults{":2: a function of 61 lines, more than 60"});
  EXPECT_EQ(faults_of(long_functions, "a.cpp",
                      "void f(int (*g)(int),\n       int (*h)(int)) {\n" + body(57) + "}\n"),
            Faults{});
  EXPECT_EQ(faults_of(long_functions, "a.cpp", "  if (a &&\n      b(c)) {\n" + body(99) + "  }\n"),
            Faults{});
  EXPECT_EQ(faults_of(long_functions, "a.cpp",
                      "struct S {\n  S()\n      : a_(1),\n        b_(f(2)) {\n    ;\n  }\n" +
                          body(99) + "};\n"),
            Faults{});
  EXPECT_EQ(faults_of(long_functions, "a.cpp",
                      "S::S(int a)\n    : a_(1),\n      b_(f(2)) {\n" + body(57) + "}\n"),
            Faults{":1: a function of 61 lines, more than 60"});
  EXPECT_EQ(faults_of(long_functions, "a.cpp", "namespace x {\n" + body(99) + "}\n"), Faults{});
}

TEST(Tree, TheTopLevelHoldsNothingElse) {
  std::set<std::string> entries;
  for (const auto& entry : std::filesystem::directory_iterator(SOURCE_ROOT))
    entries.insert(entry.path().filename().string());
  EXPECT_EQ(joined(strangers_at_the_top(entries)), "");
  EXPECT_EQ(strangers_at_the_top({"README.md", "docs", ".ci", "notes.txt"}),
            Faults{"notes.txt has no place at the top level"});
}

TEST(Tree, FoldersExplainThemselves) {
  EXPECT_EQ(joined(folders_without_readme(index().paths)), "");
  EXPECT_EQ(folders_without_readme({"README.md", ".ci/run", "docs/a/b.md", "docs/README.md",
                                    "reference/README.md", "reference/pdu/x.cpp", "tests/README.md",
                                    "tests/pdu/x.cpp", "tests/interop/README.md"}),
            (Faults{"reference/pdu has no README.md", "tests/bench has no README.md"}));
}

TEST(Tree, LinksPointSomewhere) {
  expect_kept(
      [](const SourceFile& file) { return dead_links(file, index().documents, index().paths); });
}

TEST(Tree, DeadLinksAreNoticed) {
  const std::vector<SourceFile> files{
      {"docs/a.md",
       "# The Top\n[up](../README.md) [self](#the-top) [folder](../docs) [code](../x/y.cpp)\n"
       "[gone](b.md) [no heading](../README.md#nowhere) [web](https://a.b/c)\n"
       "`[x](not-a-link)`\n```\n[x](nor-this)\n```\n[h](../README.md#1-what--this_is)\n"},
      {"README.md", "## 1. What & this_is\n"},
      {"x/y.cpp", ""}};
  const Index small = index_of(files);
  EXPECT_EQ(dead_links(files[0], small.documents, small.paths),
            (Faults{": b.md points nowhere", ": ../README.md#nowhere names no heading"}));
}

}  // namespace
}  // namespace iscsi::tree
