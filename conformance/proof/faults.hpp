#pragma once

/// The words that saboteurs are made of: which PDU is picked, and what becomes of it.

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/proof/parcel.hpp"

namespace conformance::proof {

/// Which PDUs are laid hands on.
class When {
 public:
  /// Every PDU of that kind.
  explicit When(iscsi::pdu::Opcode opcode) : opcode_{opcode} {}

  [[nodiscard]] When with(const std::string& field, std::uint64_t value) const;
  [[nodiscard]] When without(const std::string& field, std::uint64_t value) const;
  [[nodiscard]] When at_least(const std::string& field, std::uint64_t value) const;
  [[nodiscard]] When with_data() const;
  /// Whose text has `words` in it.
  [[nodiscard]] When saying(const std::string& words) const;
  /// On the n-th connection that the case opens, counted from 1.
  [[nodiscard]] When on(unsigned connection) const;
  /// Of those that fit, the n-th alone, counted from 1.
  [[nodiscard]] When only(unsigned nth) const;
  /// Of those that fit, the n-th and all behind it.
  [[nodiscard]] When from(unsigned nth) const;

  /// Whether `parcel` is one, when `seen` of those that fit have gone by, itself among them.
  [[nodiscard]] bool fits(const Parcel& parcel, unsigned connection) const;
  [[nodiscard]] bool counts(unsigned seen) const { return seen >= first_ && seen <= last_; }

 private:
  using Condition = std::function<bool(const Parcel&)>;
  [[nodiscard]] When that(Condition condition) const;

  iscsi::pdu::Opcode opcode_;
  unsigned connection_ = 0;  // 0: any
  unsigned first_ = 1;
  unsigned last_ = ~0U;
  std::vector<Condition> conditions_;
};

[[nodiscard]] When every(iscsi::pdu::Opcode opcode);
[[nodiscard]] When first(iscsi::pdu::Opcode opcode);
[[nodiscard]] When second(iscsi::pdu::Opcode opcode);

/// What becomes of a PDU that was picked.
struct Passage {
  std::vector<Parcel> on;     ///< goes on in its stead; at first the PDU itself
  std::vector<Parcel> back;   ///< goes back to the side that it came from
  std::vector<Parcel> later;  ///< goes on behind the next PDU that goes the same way
  bool ends = false;          ///< the target ends the connection behind it
  bool stays = false;         ///< the target does not end the connection, although it should
  bool dies = false;          ///< the target takes no connection from now on
};
using What = std::function<void(Passage&)>;

struct Strike {
  When when;
  What what;
};

// Fields.
[[nodiscard]] What set(const std::string& field, std::uint64_t value);
[[nodiscard]] What add(const std::string& field, std::uint64_t value);
[[nodiscard]] What subtract(const std::string& field, std::uint64_t value);
[[nodiscard]] What set_bits(iscsi::pdu::Place place, std::uint64_t value);

// Data segments.
[[nodiscard]] What turn_data_byte(std::size_t at);
[[nodiscard]] What resize_data(std::size_t length);
[[nodiscard]] What shorten_data(std::size_t by);
[[nodiscard]] What behead_data(std::size_t by);
[[nodiscard]] What put_in_front(std::size_t bytes);
[[nodiscard]] What pad_with(std::uint8_t byte);
[[nodiscard]] What spoil_header_digest();
[[nodiscard]] What spoil_data_digest();
[[nodiscard]] What mend_digests();
[[nodiscard]] What leave_out_digests();
[[nodiscard]] What add_header_segment();

// Texts. A pair is `key=value`, without its null byte.
[[nodiscard]] What say(const std::string& pair);
[[nodiscard]] What say_first(const std::string& pair);
/// Gives a key that is there another value.
[[nodiscard]] What say_instead(const std::string& key, const std::string& value);
[[nodiscard]] What leave_out(std::string key);
/// Adds these very bytes to the text.
[[nodiscard]] What append_text(const std::string& text);

// The PDU as a whole.
[[nodiscard]] What drop();
[[nodiscard]] What drop_and_end();
[[nodiscard]] What end_behind();
[[nodiscard]] What cut_and_end(std::size_t bytes);
[[nodiscard]] What stay_open();
[[nodiscard]] What die();
[[nodiscard]] What repeat();
[[nodiscard]] What swap_with_next();
/// Sends another PDU of the target behind (ahead of) this one. Its numbers are made to fit; a task
/// tag of 0 stands for that of this PDU.
[[nodiscard]] What follow_with(const iscsi::pdu::TargetPdu& pdu, const std::string& data = {});
[[nodiscard]] What precede_with(const iscsi::pdu::TargetPdu& pdu, const std::string& data = {});
/// A request never reaches the target, and is answered in its stead.
[[nodiscard]] What answer_with(const iscsi::pdu::TargetPdu& pdu, const std::string& data = {});
/// A response is replaced by another.
[[nodiscard]] What replace_by(const iscsi::pdu::TargetPdu& pdu, const std::string& data = {});

/// One after the other.
[[nodiscard]] What all(std::vector<What> whats);

}  // namespace conformance::proof
