/// Names: in the answers to SendTargets (RFC 3720 3.2.6, 12.8, D), and in SCSI data (3.4.2).

#include <algorithm>

#include "conformance/model/names.hpp"
#include "conformance/monitor/watched.hpp"
#include "text/grammar.hpp"

namespace conformance::watched {

using iscsi::Rule;

namespace {

void take(Look& look, const ValueChecks& checks, const std::string& found) {
  for (const ValueCheck& one : checks) look.check(one.rule, one.holds, 48, found.size(), found);
}

bool is_lower_case_equal(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(one, other, {}, lower, lower);
}

// SCSI name strings (SPC-3 7.6.3, designators of type 8).

constexpr std::size_t page_header = 4;        // bytes before the first designator
constexpr std::size_t designator_header = 4;  // bytes before its value

enum Association : unsigned { of_target_port = 1, of_target_device = 2 };

struct Designator {
  unsigned association = 0;
  std::string_view name;
};

/// The next SCSI name string that an iSCSI port or device goes by; `page` is cut behind it.
std::optional<Designator> next_name(iscsi::wire::ByteView& page) {
  constexpr unsigned iscsi_in_utf8 = 0x53;
  constexpr unsigned has_protocol = 0x80;
  constexpr unsigned scsi_name_string = 8;
  while (page.size() >= designator_header) {
    const auto length = std::to_integer<std::size_t>(page[3]);
    if (page.size() < designator_header + length) return std::nullopt;
    const auto value = iscsi::wire::as_text(page.subspan(designator_header, length));
    const auto first = std::to_integer<unsigned>(page[0]);
    const auto second = std::to_integer<unsigned>(page[1]);
    page = page.subspan(designator_header + length);
    if (first == iscsi_in_utf8 && (second & has_protocol) != 0 &&
        (second & 0x0fU) == scsi_name_string)
      return Designator{.association = second >> 4U & 3U,
                        .name = value.substr(0, value.find('\0'))};
  }
  return std::nullopt;
}

/// `,t,0x` and the portal group tag that the login told.
bool is_port_suffix(std::string_view text, const std::string& tag) {
  if (!text.starts_with(",t,0x") && !text.starts_with(",t,0X")) return false;
  const auto told = iscsi::text::decode_regular_binary(tag, 0, 2);
  const auto named = iscsi::text::decode_number(text.substr(3));
  return named && (!told || *named == *told);
}

}  // namespace

void check_send_targets(Look& look, const Connection& connection, Task& task, const Pdu& pdu) {
  if (!task.sends_targets || pdu.bit(1, 1)) return;
  const std::vector<HeardPair>& records = connection.talk.answered();
  if (says(records, "SendTargets")) return;
  for (const HeardPair& pair : records) {
    const bool address = pair.key == "TargetAddress";
    look.check(Rule::send_targets_answer_has_records_only,
               pair.key == "TargetName" || (address && task.records_begun), 48, pair.key.size(),
               pair.key);
    if (pair.key == "TargetName") {
      task.records_begun = true;
      take(look, check_iscsi_name(pair.value), pair.value);
    }
    if (!address) continue;
    const auto read = read_target_address(pair.value);
    look.check(Rule::target_address_has_its_form, read.has_value(), 48, pair.value.size(),
               pair.value);
    if (read)
      look.check(Rule::target_address_has_tag_in_send_targets, read->tag.has_value(), 48,
                 pair.value.size(), pair.value);
  }
}

void check_device_names(Look& look, const Connection& connection, const Task& task,
                        const Pdu& pdu) {
  const std::string& target = connection.login.target_name;
  if (target.empty() || task.disturbed || pdu.word(40) != 0) return;
  if (pdu.data_bytes() <= page_header) return;
  const std::size_t told = iscsi::wire::load<2>(pdu.frame.data, 2);
  iscsi::wire::ByteView page = pdu.frame.data.subspan(page_header);
  page = page.first(std::min(page.size(), told));
  while (const auto designator = next_name(page)) {
    const std::string_view name = designator->name;
    bool right = true;
    if (designator->association == of_target_device) right = is_lower_case_equal(name, target);
    if (designator->association == of_target_port)
      right = is_lower_case_equal(name.substr(0, target.size()), target) &&
              is_port_suffix(name.substr(std::min(name.size(), target.size())),
                             connection.portal_group_tag);
    look.check(Rule::port_name_is_made_of_target_name, right, 48, name.size(), std::string{name});
  }
}

}  // namespace conformance::watched
