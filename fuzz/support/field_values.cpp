#include "support/field_values.hpp"

#include <algorithm>

#include "support/login_settings.hpp"
#include "text/grammar.hpp"

namespace iscsi::fuzz {
namespace {

std::uint64_t greatest(unsigned bits) {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

std::string digest_list(Settings& settings) {
  return settings.one_of<std::string>({"None", "CRC32C", "CRC32C,None", "None,CRC32C", "X-other"});
}

std::string binary(Settings& settings) {
  wire::Bytes bytes(settings.one_of<std::size_t>({1, 2, 16, 17, 20, 32, 48, 1024}));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(settings.next());
  return settings.flag() ? text::encode_hexadecimal(bytes) : text::encode_base64(bytes);
}

std::string numeral(Settings& settings, std::uint64_t number) {
  if (settings.one_in(8)) return "0x" + std::to_string(number % 10);
  return text::encode_number(number);
}

std::uint64_t number_of(Settings& settings, const text::KeySpec& key) {
  switch (settings.below(6)) {
    case 0: return key.least;
    case 1: return key.most;
    case 2: return key.least - 1;
    case 3: return key.most + 1;
    case 4: return key.least + settings.below(4);
    default: return draw_number(settings, 32, key.most);
  }
}

std::string node_name(Settings& settings) {
  return std::string{settings.one_of<std::string_view>(
      {initiator_name, other_initiator_name, target_name, moved_name, removed_name,
       "eui.02004567A425678D", "naa.52004567BA64678D", "IQN.2004-04.COM.EXAMPLE:HOST"})};
}

std::string authentication_value(Settings& settings, std::string_view key) {
  if (key == "CHAP_A")
    return settings.one_of<std::string>({"5", "7", "6,5", "8,7,6,5", "9,5", "0x5", "255"});
  if (key == "CHAP_N")
    return settings.one_of<std::string>({std::string{account_name}, "0xbob", "0badname", "nobody"});
  if (key == "CHAP_R" && !settings.one_in(4)) return "right";
  return binary(settings);
}

}  // namespace

std::uint64_t draw_number(Settings& settings, unsigned bits, std::uint64_t current) {
  const std::uint64_t most = greatest(bits);
  switch (settings.below(9)) {
    case 0: return 0;
    case 1: return most;
    case 2: return most - 1;
    case 3: return (current + 1) & most;
    case 4: return (current - 1) & most;
    case 5: return std::uint64_t{1} << settings.below(bits);
    case 6: return settings.next() & most;
    case 7: return (current ^ std::uint64_t{1} << settings.below(bits)) & most;
    default: return settings.below(17) & most;
  }
}

std::uint64_t draw_field(Settings& settings, const pdu::Field& field, std::uint64_t current) {
  if (!field.codes.empty() && !settings.one_in(4)) {
    const pdu::Code& code = field.codes[settings.below(field.codes.size())];
    return code.first + settings.below(code.last - code.first + 1);
  }
  if (field.kind == pdu::EntryKind::fixed && !settings.one_in(8)) return field.value;
  if (field.name == "TargetTransferTag" && settings.flag()) return 0xffff'ffff;
  return draw_number(settings, field.place.width, current);
}

std::uint64_t draw_cdb_field(Settings& settings, const scsi::FieldSpec& field,
                             std::uint64_t current) {
  const std::uint64_t most = greatest(field.place.width);
  const auto one_of = [&](std::initializer_list<std::uint64_t> values) {
    return settings.one_of(values) & most;
  };
  if (settings.one_in(6)) return draw_number(settings, field.place.width, current);
  switch (field.field) {
    case scsi::Field::logical_block_address:
      return one_of({0, 1, 7, 63, 64, 511, 512, 0xffff'ffff, std::uint64_t{5} << 32U});
    case scsi::Field::transfer_length:
    case scsi::Field::verification_length:
    case scsi::Field::prefetch_length:
    case scsi::Field::number_of_logical_blocks: return one_of({0, 1, 2, 8, 16, 64, 128, 129});
    case scsi::Field::allocation_length: return one_of({0, 4, 8, 18, 36, 64, 96, 252, 4096, most});
    case scsi::Field::parameter_list_length: return one_of({0, 4, 8, 24, 28, 52, 60, most});
    case scsi::Field::page_code:
      return one_of({0x00, 0x08, 0x0a, 0x1c, 0x3f, 0x80, 0x83, 0x86, 0xb0, 0xb1, 0xb2});
    case scsi::Field::requested_operation_code: {
      const auto table = scsi::command_table();
      return table[settings.below(table.size())].operation_code;
    }
    default: break;
  }
  return settings.one_in(3) ? std::min(field.greatest, most) : settings.next() & most;
}

std::string draw_key_value(Settings& settings, const text::KeySpec& key) {
  using enum text::Kind;
  if (settings.one_in(16))
    return std::string{settings.one_of<std::string_view>(
        {text::word_reject, text::word_irrelevant, text::word_not_understood, ""})};
  switch (key.kind) {
    case boolean: return settings.one_of<std::string>({"Yes", "No", "Yes", "No", "yes"});
    case list:
      if (key.key != text::Key::auth_method) return digest_list(settings);
      return settings.one_of<std::string>({"None", "CHAP", "CHAP,None", "KRB5,CHAP,None", "SRP"});
    case numerical: return numeral(settings, number_of(settings, key));
    case range:
      return numeral(settings, number_of(settings, key)) + '~' +
             numeral(settings, number_of(settings, key));
    case iscsi_name: return node_name(settings);
    case session_type: return settings.one_of<std::string>({"Normal", "Discovery", "Other"});
    case send_targets:
      return settings.flag() ? node_name(settings) : settings.one_of<std::string>({"All", ""});
    case binary: return numeral(settings, settings.below(1U << 17U));
    case address: return settings.one_of<std::string>({"192.0.2.1:3260,1", "[2001:db8::1]", "a:b"});
    case local_name: break;
  }
  return settings.one_of<std::string>({"an alias", "\xc3\xa4", "", "\xff"});
}

std::string draw_pair(Settings& settings) {
  std::string pair;
  const auto keys = text::keys();
  const auto methods = text::authentication_keys();
  if (settings.one_in(4)) {
    const std::string_view name = methods[settings.below(methods.size())].name;
    text::append_pair(pair, name, authentication_value(settings, name));
  } else if (settings.one_in(8)) {
    text::append_pair(pair,
                      settings.one_of<std::string_view>({"X-com.example.key", "X#a", "Other"}),
                      binary(settings));
  } else {
    const text::KeySpec& key = keys[settings.below(keys.size())];
    text::append_pair(pair, key.name, draw_key_value(settings, key));
  }
  return pair;
}

}  // namespace iscsi::fuzz
