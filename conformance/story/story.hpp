#pragma once

/// A story: what an initiator says and what a target has to answer (traces/README.md has the
/// grammar on one page). Values only; `loader.hpp` makes them from JSON, `play/player.hpp` acts
/// them out.

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/story/data.hpp"
#include "conformance/story/expression.hpp"
#include "pdu/pdu.hpp"
#include "rules/rule.hpp"

namespace conformance {

/// The version of the grammar that this code reads.
inline constexpr std::uint64_t grammar_version = 1;

/// What a judgement can come out as, from the best to the worst for the target, and `error` for a
/// fault of the suite or its set-up. `inconclusive`: a capture lacks what it takes.
enum class Verdict : std::uint8_t { pass, inconclusive, unsupported, warn, fail, error };

/// Damage done to a valid PDU on its way out.
struct Damage {
  /// A field of the header, by the RFC's name or by its bits.
  struct Set {
    iscsi::pdu::Place place;
    Expression is;
  };
  struct Padding {
    Expression byte;
  };
  struct SpoilHeaderDigest {};
  struct SpoilDataDigest {};
  struct Truncate {
    Expression bytes;  ///< what is left of the PDU
  };
  struct Append {
    DataRecipe data;
  };
  std::variant<Set, Padding, SpoilHeaderDigest, SpoilDataDigest, Truncate, Append> what;
};

struct FieldSetting {
  std::string name;
  Expression value;
};

/// One PDU. Fields that are not given get the value a correct initiator would send.
struct SendPdu {
  const iscsi::pdu::Description* pdu = nullptr;
  std::vector<FieldSetting> fields;
  std::optional<CdbRecipe> cdb;
  DataRecipe additional_headers;
  DataRecipe data;
  DataRecipe output;  ///< SCSI Command: all the data it is to write, sent when an R2T asks for it
  std::vector<Damage> but;
  std::optional<Expression> pieces;  ///< bytes handed to the transport at a time
};

/// Begins a whole login, as a correct initiator performs it; `expect` "full-feature" goes on.
struct SendLogin {
  bool discovery = false;
  bool skip_security = false;        ///< begin in the operational stage
  bool skip_operational = false;     ///< go from the security stage straight to full feature phase
  bool in_base64 = false;            ///< CHAP's binary values are sent in base64
  bool reflected = false;            ///< the target is challenged with its own challenge (8.2.1)
  std::vector<FieldSetting> fields;  ///< of every Login Request
  std::vector<std::string> offers;   ///< `key=value`, for the operational stage
};

/// A sequence of Data-Out PDUs for a stretch of a command's output.
struct SendOutput {
  std::string command;  ///< the name that the command was sent `as`
  Expression transfer_tag;
  Expression from;
  Expression length;
  std::optional<Expression> segment;  ///< bytes in one PDU; else the target's limit
};

/// A condition on a number.
struct Match {
  struct Is {
    Expression value;  ///< a lone name without a value captures instead
  };
  struct Not {
    Expression value;
  };
  struct OneOf {
    std::vector<Expression> values;
  };
  struct Between {
    Expression from;
    Expression to;
  };
  std::variant<Is, Not, OneOf, Between> what;
};

struct FieldMatch {
  std::string name;
  Match match;
};

/// A condition on the value of a text key.
struct TextMatch {
  struct Is {
    std::string value;  ///< a template; a lone name without a value captures instead
  };
  struct OneOf {
    std::vector<std::string> values;
  };
  struct Between {
    Expression from;
    Expression to;
  };
  struct Ends {
    std::string with;  ///< a template
  };
  struct Absent {};
  std::string key;
  std::variant<Is, OneOf, Between, Ends, Absent> what;
};

/// A condition on a number inside a data segment.
struct NumberMatch {
  Expression at;
  Expression width;  ///< bytes
  Match match;
};

/// One outcome that an `expect` step knows.
struct Outcome {
  enum class Kind : std::uint8_t {
    pdu,           ///< one PDU
    completion,    ///< the end of a SCSI command, however the target tells it
    answer,        ///< the whole answer to a text request, over as many PDUs as it takes
    full_feature,  ///< the end of a login that succeeds
    close,         ///< the target ends the connection
    nothing,       ///< silence
  };
  Kind kind = Kind::pdu;
  const iscsi::pdu::Description* pdu = nullptr;
  std::vector<FieldMatch> fields;
  std::vector<TextMatch> text;
  std::vector<NumberMatch> numbers;
  std::optional<DataRecipe> data;
  std::optional<Expression> segment;  ///< completion: bytes in each Data-Out
  bool backwards = false;             ///< completion: the Data-Out PDUs of a sequence in reverse
  Verdict verdict = Verdict::pass;    ///< what this outcome is worth
  std::string because;                ///< of a verdict other than pass
  bool ends = false;                  ///< the story is over when this outcome holds
};

struct Expect {
  std::vector<Outcome> outcomes;  ///< the first that holds counts
  std::optional<iscsi::Rule> rule;
};

struct Close {
  bool reset = false;
};

struct Wait {
  Expression milliseconds;
};

struct Step {
  std::variant<SendPdu, SendLogin, SendOutput, Expect, Close, Wait> what;
  std::string connection;           ///< which connection, where there are several
  std::string as;                   ///< the name under which its fields are known later
  std::optional<Expression> times;  ///< sent so often, each with its own numbers and tag
  bool hold = false;                ///< goes out together with what is sent next, in one piece
  iscsi::wire::Bytes wire;          ///< the exact bytes, if they are pinned
  std::string where;                ///< for messages: the story and the path to this step

  [[nodiscard]] bool sends() const {
    return std::holds_alternative<SendPdu>(what) || std::holds_alternative<SendLogin>(what) ||
           std::holds_alternative<SendOutput>(what);
  }
};

/// What a target has to offer before a story makes sense.
struct Requirement {
  enum class Kind : std::uint8_t {
    logical_unit,   ///< a disk answers under the LUN
    writing,        ///< it may be written to
    open_login,     ///< no secret is needed
    secret,         ///< a secret is needed, and known
    mutual_secret,  ///< the target can prove itself
    negotiated,     ///< a key came out with a value
  };
  Kind kind = Kind::logical_unit;
  std::string key;
  std::string value;  ///< a template
};

using Setting = std::pair<std::string, Known>;

struct Story {
  std::string name;  ///< its path without folder of stories and extension
  std::string claim;
  std::vector<iscsi::Rule> rules;
  std::string start;              ///< the story acted out before, or empty
  std::vector<Setting> with;      ///< values for the names that `start` leaves open
  std::vector<Setting> defaults;  ///< names that another story's `with` may set
  std::vector<std::vector<Setting>> combinations{{}};  ///< played once for each
  std::vector<Requirement> needs;
  std::optional<Expression> writes;  ///< blocks that it may overwrite
  std::vector<Step> steps;

  /// Stories in `start/` only serve as beginnings of others.
  [[nodiscard]] bool is_start() const { return name.starts_with("start/"); }
};

}  // namespace conformance
