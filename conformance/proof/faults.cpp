#include "conformance/proof/faults.hpp"

#include <algorithm>
#include <utility>

namespace conformance::proof {

using iscsi::pdu::Opcode;
using iscsi::pdu::Place;
using iscsi::pdu::TargetPdu;

// Which.

When When::that(Condition condition) const {
  When when = *this;
  when.conditions_.push_back(std::move(condition));
  return when;
}

When When::with(const std::string& field, std::uint64_t value) const {
  return that([=](const Parcel& parcel) { return parcel.field(field) == value; });
}
When When::without(const std::string& field, std::uint64_t value) const {
  return that([=](const Parcel& parcel) { return parcel.field(field) != value; });
}
When When::at_least(const std::string& field, std::uint64_t value) const {
  return that([=](const Parcel& parcel) { return parcel.field(field) >= value; });
}
When When::with_data() const {
  return that([](const Parcel& parcel) { return !parcel.data.empty(); });
}
When When::saying(const std::string& words) const {
  return that([=](const Parcel& parcel) { return parcel.text().contains(words); });
}
When When::on(unsigned connection) const {
  When when = *this;
  when.connection_ = connection;
  return when;
}
When When::only(unsigned nth) const {
  When when = *this;
  when.first_ = when.last_ = nth;
  return when;
}
When When::from(unsigned nth) const {
  When when = *this;
  when.first_ = nth;
  return when;
}

bool When::fits(const Parcel& parcel, unsigned connection) const {
  return parcel.opcode() == opcode_ && (connection_ == 0 || connection_ == connection) &&
         std::ranges::all_of(conditions_, [&](const Condition& holds) { return holds(parcel); });
}

When every(Opcode opcode) { return When{opcode}; }
When first(Opcode opcode) { return When{opcode}.only(1); }
When second(Opcode opcode) { return When{opcode}.only(2); }

// What.

namespace {

constexpr std::string_view task_tag = "InitiatorTaskTag";

/// Something done to the PDU itself.
template <class Deed>
What to_it(Deed deed) {
  return [deed = std::move(deed)](Passage& passage) {
    for (Parcel& parcel : passage.on) deed(parcel);
  };
}

/// Something done to the pairs of its text.
template <class Deed>
What to_pairs(Deed deed) {
  return to_it([deed = std::move(deed)](Parcel& parcel) {
    std::vector<std::string> pairs;
    std::string_view text = parcel.text();
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\0'), text.size());
      pairs.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    deed(pairs);
    std::string changed;
    for (const std::string& pair : pairs) changed += pair + '\0';
    parcel.set_text(changed);
  });
}

bool is_of_key(const std::string& pair, const std::string& key) {
  return pair.starts_with(key) && pair.substr(key.size()).starts_with('=');
}

/// A PDU that no target sent; a task tag of 0 is that of `near`.
Parcel forge(const TargetPdu& pdu, const std::string& data, const Parcel& near) {
  Parcel parcel{.header = encode_header(pdu, {.additional_headers = 0, .data = data.size()}),
                .forged = true};
  parcel.set_text(data);
  if (parcel.field(task_tag) == 0) parcel.set(task_tag, near.field(task_tag));
  return parcel;
}

}  // namespace

What set(const std::string& field, std::uint64_t value) {
  return to_it([=](Parcel& parcel) { parcel.set(field, value); });
}
What add(const std::string& field, std::uint64_t value) {
  return to_it([=](Parcel& parcel) { parcel.set(field, parcel.field(field) + value); });
}
What subtract(const std::string& field, std::uint64_t value) {
  return to_it([=](Parcel& parcel) { parcel.set(field, parcel.field(field) - value); });
}
What set_bits(Place place, std::uint64_t value) {
  return to_it([=](Parcel& parcel) { parcel.set_bits(place, value); });
}

What turn_data_byte(std::size_t at) {
  return to_it([=](Parcel& parcel) {
    if (at < parcel.data.size()) parcel.data[at] ^= std::byte{0xff};
  });
}
What resize_data(std::size_t length) {
  return to_it([=](Parcel& parcel) { parcel.data.resize(length); });
}
What shorten_data(std::size_t by) {
  return to_it([=](Parcel& parcel) {
    parcel.data.resize(parcel.data.size() - std::min(by, parcel.data.size()));
  });
}
What behead_data(std::size_t by) {
  return to_it([=](Parcel& parcel) {
    const auto end =
        parcel.data.begin() + static_cast<std::ptrdiff_t>(std::min(by, parcel.data.size()));
    parcel.data.erase(parcel.data.begin(), end);
  });
}
What put_in_front(std::size_t bytes) {
  return to_it(
      [=](Parcel& parcel) { parcel.data.insert(parcel.data.begin(), bytes, std::byte{}); });
}
What pad_with(std::uint8_t byte) {
  return to_it([=](Parcel& parcel) { parcel.padding = std::byte{byte}; });
}
What spoil_header_digest() {
  return to_it([](Parcel& parcel) { parcel.spoilt_header_digest = true; });
}
What spoil_data_digest() {
  return to_it([](Parcel& parcel) { parcel.spoilt_data_digest = true; });
}
What mend_digests() {
  return to_it(
      [](Parcel& parcel) { parcel.spoilt_header_digest = parcel.spoilt_data_digest = false; });
}
What leave_out_digests() {
  return to_it([](Parcel& parcel) { parcel.unsealed = true; });
}
What add_header_segment() {
  // 10.2.2: length 5, type 2, and a length to read that nobody asked for.
  return to_it([](Parcel& parcel) {
    for (const int byte : {0, 5, 2, 0, 0, 0, 0, 0})
      parcel.additional_headers.push_back(std::byte(byte));
  });
}

What say(const std::string& pair) {
  return to_pairs([=](std::vector<std::string>& pairs) { pairs.push_back(pair); });
}
What say_first(const std::string& pair) {
  return to_pairs([=](std::vector<std::string>& pairs) { pairs.insert(pairs.begin(), pair); });
}
What say_instead(const std::string& key, const std::string& value) {
  return to_pairs([=](std::vector<std::string>& pairs) {
    for (std::string& pair : pairs)
      if (is_of_key(pair, key)) pair.replace(key.size() + 1, pair.npos, value);
  });
}
What leave_out(std::string key) {
  return to_pairs([=](std::vector<std::string>& pairs) {
    std::erase_if(pairs, [&](const std::string& pair) { return is_of_key(pair, key); });
  });
}
What append_text(const std::string& text) {
  return to_it([=](Parcel& parcel) { parcel.set_text(std::string{parcel.text()} + text); });
}

What drop() {
  return [](Passage& passage) { passage.on.clear(); };
}
What end_behind() {
  return [](Passage& passage) { passage.ends = true; };
}
What drop_and_end() { return all({drop(), end_behind()}); }
What cut_and_end(std::size_t bytes) {
  return all({to_it([=](Parcel& parcel) { parcel.kept = bytes; }), end_behind()});
}
What stay_open() {
  return [](Passage& passage) { passage.stays = true; };
}
What die() {
  return [](Passage& passage) {
    passage.on.clear();
    passage.ends = passage.dies = true;
  };
}
What repeat() {
  return [](Passage& passage) {
    if (!passage.on.empty()) passage.on.push_back(passage.on.back());
  };
}
What swap_with_next() {
  return [](Passage& passage) { passage.later = std::exchange(passage.on, {}); };
}
What follow_with(const TargetPdu& pdu, const std::string& data) {
  return [=](Passage& passage) { passage.on.push_back(forge(pdu, data, passage.on.back())); };
}
What precede_with(const TargetPdu& pdu, const std::string& data) {
  return [=](Passage& passage) {
    passage.on.insert(passage.on.begin(), forge(pdu, data, passage.on.front()));
  };
}
What answer_with(const TargetPdu& pdu, const std::string& data) {
  return [=](Passage& passage) {
    for (const Parcel& request : std::exchange(passage.on, {}))
      passage.back.push_back(forge(pdu, data, request));
  };
}
What replace_by(const TargetPdu& pdu, const std::string& data) {
  return to_it([=](Parcel& parcel) { parcel = forge(pdu, data, parcel); });
}

What all(std::vector<What> whats) {
  return [whats = std::move(whats)](Passage& passage) {
    for (const What& what : whats) what(passage);
  };
}

}  // namespace conformance::proof
