#pragma once

/// Recipes for the bytes of a data segment, and for CDBs.

#include <array>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "conformance/model/scsi_commands.hpp"
#include "conformance/story/expression.hpp"
#include "wire/bytes.hpp"

namespace conformance {

/// How to make bytes; the parts follow each other.
struct DataRecipe {
  struct Literal {
    iscsi::wire::Bytes bytes;
  };
  /// Text with `$name` in it.
  struct Template {
    std::string text;
  };
  /// Bytes `from` to `from + length` of an endless stream that looks random and is the same for
  /// the same seed: a stretch of it is recognised wherever it turns up.
  struct Pattern {
    Expression seed;
    Expression from;
    Expression length;
  };
  struct Fill {
    Expression byte;
    Expression length;
  };
  /// The data of a PDU that the story named.
  struct Captured {
    std::string name;
  };
  using Part = std::variant<Literal, Template, Pattern, Fill, Captured>;

  std::vector<Part> parts;
};

/// Errors: a name without a value; more than 2^24 bytes.
[[nodiscard]] std::expected<iscsi::wire::Bytes, std::string> make(const DataRecipe& recipe,
                                                                  const Variables& known);

/// One byte of `DataRecipe::Pattern`'s stream.
[[nodiscard]] std::byte pattern_byte(std::uint64_t seed, std::uint64_t at);

struct CdbSetting {
  CdbField field;
  Expression value;
};

/// How to make the 16 bytes of a CDB: a named form with its fields, or the bytes themselves.
struct CdbRecipe {
  std::array<std::byte, 16> bytes{};
  std::vector<CdbSetting> settings;
};

[[nodiscard]] std::expected<std::array<std::byte, 16>, std::string> make(const CdbRecipe& recipe,
                                                                         const Variables& known);

}  // namespace conformance
