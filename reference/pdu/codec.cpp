#include "pdu/codec.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "pdu/additional_headers.hpp"
#include "wire/crc32c.hpp"

namespace iscsi::pdu {

using wire::ByteView;

namespace {

using Header = std::span<const std::byte, bhs_bytes>;

template <class P>
inline constexpr auto layout_of = P::layout();
template <class P>
inline constexpr auto checks_of = P::checks();

/// Calls `visit` with each entry's index as a constant, so that places and accessors are known to
/// the compiler and a PDU's decoder becomes straight code.
template <class P, class Visit>
constexpr void for_each_entry(Visit visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(std::integral_constant<std::size_t, I>{}), ...);
  }(std::make_index_sequence<layout_of<P>.size()>{});
}

bool is_only_noted(Rule rule) { return about(rule).remedy.kind == Remedy::Kind::audit_only; }

template <class P>
P read_fields(Header header) {
  P pdu;
  // Conditional fields last: what decides over them may stand behind them (Data-In's S bit).
  for_each_entry<P>([&](auto index) {
    constexpr const Entry<P>& entry = layout_of<P>[index];
    if constexpr (entry.kind == EntryKind::field && !entry.conditional)
      entry.set(pdu, extract(header, entry.place));
    if constexpr (entry.kind == EntryKind::opaque) {
      const auto view = entry.view(pdu);
      std::copy_n(header.begin() + entry.place.byte, view.size(), view.begin());
    }
  });
  for_each_entry<P>([&](auto index) {
    constexpr const Entry<P>& entry = layout_of<P>[index];
    if constexpr (entry.kind == EntryKind::field && entry.conditional)
      if (entry.exists(pdu)) entry.set(pdu, extract(header, entry.place));
  });
  return pdu;
}

/// Hands every breach of `P`'s own tables to `report`, as a `Violation`.
template <class P, class Report>
void inspect(const P& pdu, Header header, const Lengths& lengths, Report report) {
  for_each_entry<P>([&](auto index) {
    constexpr const Entry<P>& entry = layout_of<P>[index];
    constexpr std::uint32_t byte = entry.place.byte;
    if constexpr (entry.kind == EntryKind::fixed) {
      if (const auto found = extract(header, entry.place); found != entry.value)
        report(Violation{entry.rule, byte, found});
    } else if constexpr (entry.kind == EntryKind::field && !entry.codes.empty()) {
      if constexpr (entry.conditional)
        if (!entry.exists(pdu)) return;
      if (const auto found = extract(header, entry.place); !entry.allows(found))
        report(Violation{entry.rule, byte, found});
    }
  });
  for (const Check<P>& check : checks_of<P>)
    if (!check.holds(pdu, lengths)) report(Violation{check.rule, check.byte, 0});
  if constexpr (P::data_segment == DataSegment::none)
    if (lengths.data != 0)
      report(Violation{Rule::data_segment_only_where_defined, 5, lengths.data});
  if constexpr (!std::is_same_v<P, ScsiCommand>)
    if (lengths.additional_headers != 0)
      report(Violation{is_from_target(P::opcode) ? Rule::no_additional_headers_in_responses
                                                 : Rule::additional_header_only_in_scsi_command,
                       4, lengths.additional_headers / 4});
}

/// The rules between a SCSI Command and its additional headers (10.2.2.4, 10.3.4).
std::expected<void, Violation> match_additional_headers(const ScsiCommand& command, ByteView area) {
  const auto headers = decode_additional_headers(area);
  if (!headers) return std::unexpected(headers.error());
  const bool bidirectional = command.read && command.write;
  const bool has_length = headers->bidirectional_read_length.has_value();
  if (bidirectional && !has_length)
    return std::unexpected(Violation{Rule::bidirectional_command_has_read_length, 4, 0});
  if (has_length && !bidirectional)
    return std::unexpected(Violation{Rule::bidirectional_length_has_read_and_write, 1, 0});
  return {};
}

template <class P>
std::expected<P, Violation> decode(const Frame& frame) {
  const P pdu = read_fields<P>(frame.header);
  std::optional<Violation> first;
  inspect(pdu, frame.header, frame.lengths(), [&first](const Violation& broken) {
    if (!first && !is_only_noted(broken.rule)) first = broken;
  });
  if (first) return std::unexpected(*first);
  if constexpr (std::is_same_v<P, ScsiCommand>)
    if (!frame.additional_headers.empty() || (pdu.read && pdu.write))
      if (const auto matched = match_additional_headers(pdu, frame.additional_headers); !matched)
        return std::unexpected(matched.error());
  return pdu;
}

/// Runs `use` for the alternative of `Sum` with this operation code; false when there is none.
template <class Sum, class Use>
bool with_alternative(std::uint8_t opcode, Use use) {
  const auto is_it = [&]<class P>(std::type_identity<P> alternative) {
    const bool it_is = static_cast<std::uint8_t>(P::opcode) == opcode;
    if (it_is) use(alternative);
    return it_is;
  };
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return (is_it(std::type_identity<std::variant_alternative_t<I, Sum>>{}) || ...);
  }(std::make_index_sequence<std::variant_size_v<Sum>>{});
}

constexpr bool is_vendor_specific(std::uint8_t opcode) {
  return (opcode >= 0x1c && opcode <= 0x1e) || (opcode >= 0x3c && opcode <= 0x3e);
}

/// Why an operation code that is none of `Sum`'s is refused.
template <class Sum>
Violation refuse_opcode(std::uint8_t opcode, Rule wrong_direction) {
  const bool from_target = is_from_target(std::variant_alternative_t<0, Sum>::opcode);
  const bool vendor_specific = is_vendor_specific(opcode);
  if (vendor_specific && is_from_target(Opcode{opcode}) == from_target)
    return {Rule::opcode_is_not_vendor_specific, 0, opcode};
  if (vendor_specific || describe(opcode) != nullptr) return {wrong_direction, 0, opcode};
  return {Rule::opcode_is_known, 0, opcode};
}

template <class Sum>
std::expected<Sum, Violation> decode_as(const Frame& frame, Rule wrong_direction) {
  const std::uint8_t opcode = std::to_underlying(opcode_of(frame.header));
  std::expected<Sum, Violation> result = std::unexpected(Violation{});
  const bool known = with_alternative<Sum>(opcode, [&]<class P>(std::type_identity<P>) {
    if (auto pdu = decode<P>(frame))
      result = *pdu;
    else
      result = std::unexpected(pdu.error());
  });
  if (!known) return std::unexpected(refuse_opcode<Sum>(opcode, wrong_direction));
  return result;
}

/// Bits that the layout reserves, here and now, and that are not zero: one breach for each run,
/// at its first byte that is not.
template <class P>
void audit_reserved(const P& pdu, Header header, std::vector<Violation>& breaches) {
  for (const Entry<P>& entry : layout_of<P>) {
    const bool absent = entry.conditional && !entry.exists(pdu);
    if (entry.kind != EntryKind::reserved && !absent) continue;
    const Place place = entry.place;
    const auto width = static_cast<std::uint16_t>(place.whole_bytes() ? 8 : place.width);
    for (std::uint16_t byte = place.byte; byte <= place.last_byte(); ++byte) {
      const auto found = extract(header, {.byte = byte, .bit = place.bit, .width = width});
      if (found == 0) continue;
      breaches.push_back({Rule::reserved_bits_are_zero, byte, found});
      break;
    }
  }
}

template <class P>
void audit_as(const Frame& frame, std::vector<Violation>& breaches) {
  const P pdu = read_fields<P>(frame.header);
  inspect(pdu, frame.header, frame.lengths(),
          [&breaches](const Violation& broken) { breaches.push_back(broken); });
  audit_reserved(pdu, frame.header, breaches);
  if constexpr (std::is_same_v<P, ScsiCommand>) {
    if (const auto matched = match_additional_headers(pdu, frame.additional_headers); !matched)
      breaches.push_back(matched.error());
    const auto unclean = audit_additional_headers(frame.additional_headers);
    breaches.insert(breaches.end(), unclean.begin(), unclean.end());
  }
}

template <class P>
std::span<const Field> fields_of() {
  static constexpr auto fields = [] {
    std::array<Field, layout_of<P>.size()> plain{};
    std::ranges::copy(layout_of<P>, plain.begin());
    return plain;
  }();
  return fields;
}

template <class P>
Description description_of() {
  return {P::opcode, P::name, P::section, P::data_segment, fields_of<P>()};
}

}  // namespace

std::expected<InitiatorPdu, Violation> decode_request(const Frame& frame) {
  return decode_as<InitiatorPdu>(frame, Rule::opcode_belongs_to_initiator);
}

std::expected<TargetPdu, Violation> decode_response(const Frame& frame) {
  return decode_as<TargetPdu>(frame, Rule::opcode_belongs_to_target);
}

std::vector<Violation> audit(const Frame& frame) {
  std::vector<Violation> breaches;
  const std::uint8_t opcode = std::to_underlying(opcode_of(frame.header));
  const auto as = [&]<class P>(std::type_identity<P>) { audit_as<P>(frame, breaches); };
  if (!with_alternative<InitiatorPdu>(opcode, as) && !with_alternative<TargetPdu>(opcode, as) &&
      !is_vendor_specific(opcode))
    breaches.push_back({Rule::opcode_is_known, 0, opcode});
  for (std::size_t i = 0; i < frame.padding.size(); ++i)
    if (frame.padding[i] != std::byte{})
      breaches.push_back({Rule::padding_is_zero,
                          static_cast<std::uint32_t>(bhs_bytes + frame.additional_headers.size() +
                                                     frame.data.size() + i),
                          std::to_integer<std::uint64_t>(frame.padding[i])});
  std::ranges::sort(breaches, [](const Violation& a, const Violation& b) {
    return a.byte != b.byte ? a.byte < b.byte : a.rule < b.rule;
  });
  return breaches;
}

template <class P>
HeaderBytes encode_header(const P& pdu, const Lengths& lengths) {
  HeaderBytes header{};
  header[0] = static_cast<std::byte>(P::opcode);
  header[4] = static_cast<std::byte>(lengths.additional_headers / 4);
  wire::store<3>(header, 5, lengths.data);
  for_each_entry<P>([&](auto index) {
    constexpr const Entry<P>& entry = layout_of<P>[index];
    if constexpr (entry.kind == EntryKind::fixed) {
      insert(header, entry.place, entry.value);
    } else if constexpr (entry.kind == EntryKind::opaque) {
      P copy = pdu;
      std::ranges::copy(entry.view(copy), header.begin() + entry.place.byte);
    } else if constexpr (entry.kind == EntryKind::field) {
      if constexpr (entry.conditional) {
        if (entry.exists(pdu)) insert(header, entry.place, entry.get(pdu));
      } else {
        insert(header, entry.place, entry.get(pdu));
      }
    }
  });
  return header;
}

template HeaderBytes encode_header(const NopOut&, const Lengths&);
template HeaderBytes encode_header(const ScsiCommand&, const Lengths&);
template HeaderBytes encode_header(const TaskManagementRequest&, const Lengths&);
template HeaderBytes encode_header(const LoginRequest&, const Lengths&);
template HeaderBytes encode_header(const TextRequest&, const Lengths&);
template HeaderBytes encode_header(const DataOut&, const Lengths&);
template HeaderBytes encode_header(const LogoutRequest&, const Lengths&);
template HeaderBytes encode_header(const SnackRequest&, const Lengths&);
template HeaderBytes encode_header(const NopIn&, const Lengths&);
template HeaderBytes encode_header(const ScsiResponse&, const Lengths&);
template HeaderBytes encode_header(const TaskManagementResponse&, const Lengths&);
template HeaderBytes encode_header(const LoginResponse&, const Lengths&);
template HeaderBytes encode_header(const TextResponse&, const Lengths&);
template HeaderBytes encode_header(const DataIn&, const Lengths&);
template HeaderBytes encode_header(const LogoutResponse&, const Lengths&);
template HeaderBytes encode_header(const ReadyToTransfer&, const Lengths&);
template HeaderBytes encode_header(const AsyncMessage&, const Lengths&);
template HeaderBytes encode_header(const Reject&, const Lengths&);

HeaderBytes encode_header(const InitiatorPdu& pdu, const Lengths& lengths) {
  return std::visit([&](const auto& one) { return encode_header(one, lengths); }, pdu);
}

HeaderBytes encode_header(const TargetPdu& pdu, const Lengths& lengths) {
  return std::visit([&](const auto& one) { return encode_header(one, lengths); }, pdu);
}

void append(wire::Bytes& stream, const HeaderBytes& header, ByteView additional_headers,
            ByteView data, Digests digests) {
  const auto seal = [&stream](std::size_t from) {
    const std::uint32_t crc = wire::crc32c(ByteView{stream}.subspan(from));
    std::array<std::byte, limits::digest_bytes> digest{};
    wire::store_digest(digest, crc);
    stream.insert(stream.end(), digest.begin(), digest.end());
  };
  const std::size_t start = stream.size();
  if (stream.empty())
    stream.reserve(header.size() + additional_headers.size() +
                   (digests.header ? limits::digest_bytes : 0) +
                   bytes_behind_front({.data = data.size()}, digests));
  stream.insert(stream.end(), header.begin(), header.end());
  stream.insert(stream.end(), additional_headers.begin(), additional_headers.end());
  if (digests.header) seal(start);
  if (data.empty()) return;
  const std::size_t data_start = stream.size();
  stream.insert(stream.end(), data.begin(), data.end());
  stream.resize(stream.size() + wire::padding(data.size()));
  if (digests.data) seal(data_start);
}

std::span<const Description> descriptions() {
  static const auto all = std::to_array<Description>(
      {description_of<NopOut>(), description_of<ScsiCommand>(),
       description_of<TaskManagementRequest>(), description_of<LoginRequest>(),
       description_of<TextRequest>(), description_of<DataOut>(), description_of<LogoutRequest>(),
       description_of<SnackRequest>(), description_of<NopIn>(), description_of<ScsiResponse>(),
       description_of<TaskManagementResponse>(), description_of<LoginResponse>(),
       description_of<TextResponse>(), description_of<DataIn>(), description_of<LogoutResponse>(),
       description_of<ReadyToTransfer>(), description_of<AsyncMessage>(),
       description_of<Reject>()});
  return all;
}

const Description* describe(std::uint8_t opcode) {
  static const auto by_opcode = [] {
    std::array<const Description*, 64> table{};  // 10.2.1.2: six bits
    for (const Description& one : descriptions())
      table.at(static_cast<std::size_t>(one.opcode)) = &one;
    return table;
  }();
  return opcode < by_opcode.size() ? by_opcode[opcode] : nullptr;
}

const Field* find_field(const Description& description, std::string_view name) {
  for (const Field& field : description.fields)
    if (field.name == name && !name.empty()) return &field;
  return nullptr;
}

}  // namespace iscsi::pdu
