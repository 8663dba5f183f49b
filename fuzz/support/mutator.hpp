#pragma once

/// Mutation of streams of PDUs by what they mean: a field of the layout tables takes another of its
/// values, a command another form, a text another pair; PDUs come, go, change places; lengths are
/// made right again, or one of them is broken. Pure: the same chance gives the same mutant.

#include "support/pdu_stream.hpp"
#include "support/settings.hpp"

namespace iscsi::fuzz {

/// An engine's own way with bytes: changes `size` bytes at `data` into at most `most`, returns how
/// many there are now.
using ByteMutation = std::size_t (*)(std::uint8_t* data, std::size_t size, std::size_t most);

class Mutator {
 public:
  Mutator(Settings chance, ByteMutation mutate_bytes)
      : chance_(chance), mutate_bytes_(mutate_bytes) {}

  /// A mutant of at most `most` bytes.
  [[nodiscard]] wire::Bytes mutate(wire::ByteView input, std::size_t most);
  /// PDUs of both, each side in its order.
  [[nodiscard]] wire::Bytes cross(wire::ByteView one, wire::ByteView other, std::size_t most);

 private:
  using Pdus = std::vector<InputPdu>;
  struct Step {
    std::size_t weight;
    void (Mutator::*apply)(Pdus&);
  };

  InputPdu& any(Pdus& pdus) { return pdus[chance_.below(pdus.size())]; }
  [[nodiscard]] InputPdu make_pdu();

  // Each changes one thing; `pdus` is not empty, before or after.
  void change_field(Pdus& pdus);
  void change_command(Pdus& pdus);
  void change_text(Pdus& pdus);
  void change_data(Pdus& pdus);
  void send_in_pieces(Pdus& pdus);
  void change_steering(Pdus& pdus);
  void change_additional_headers(Pdus& pdus);
  void insert(Pdus& pdus);
  void repeat(Pdus& pdus);
  void remove(Pdus& pdus);
  void exchange(Pdus& pdus);

  void write_command(InputPdu& pdu);
  void tune_to_command(InputPdu& pdu);
  void break_length(wire::Bytes& stream);
  void mutate_raw(wire::Bytes& bytes, std::size_t most);

  Settings chance_;
  ByteMutation mutate_bytes_;
};

}  // namespace iscsi::fuzz
