/// Prints a dictionary for engines (libFuzzer's and AFL++'s form), made from the tables: names and
/// values of text keys, operation codes and codes of fields, operation codes of SCSI commands.
/// Usage: fuzz_dictionary pdu|text|json

#include <cstdio>
#include <set>
#include <span>
#include <string>

#include "pdu/pdu.hpp"
#include "scsi/command_table.hpp"
#include "support/login_settings.hpp"
#include "text/grammar.hpp"
#include "text/keys.hpp"

namespace iscsi::fuzz {
namespace {

/// Tokens, each once.
class Dictionary {
 public:
  void add(std::string token) {
    if (!token.empty() && token.size() <= 64) tokens_.insert(std::move(token));
  }
  /// A number as it stands in a header.
  void add_number(std::uint64_t number, std::size_t bytes) {
    std::string token(bytes, '\0');
    for (std::size_t i = bytes; i-- > 0; number >>= 8U) token[i] = static_cast<char>(number);
    add(token);
  }
  void print() const {
    for (const std::string& token : tokens_) {
      std::putchar('"');
      for (const char c : token) {
        const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
        if (plain)
          std::putchar(c);
        else
          std::printf("\\x%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      }
      std::puts("\"");
    }
  }

 private:
  std::set<std::string> tokens_;
};

void add_pair(Dictionary& dictionary, std::string_view key, std::string_view value) {
  std::string pair;
  text::append_pair(pair, key, value);
  dictionary.add(pair);
}

void add_values(Dictionary& dictionary, const text::KeySpec& key) {
  using enum text::Kind;
  if (key.kind == boolean) {
    add_pair(dictionary, key.name, text::word_yes);
    add_pair(dictionary, key.name, text::word_no);
  }
  if (key.kind == numerical || key.kind == range) {
    add_pair(dictionary, key.name, text::encode_number(key.least));
    add_pair(dictionary, key.name, text::encode_number(key.most));
    dictionary.add(text::encode_number(key.most + 1));
  }
  if (key.kind == range)
    add_pair(dictionary, key.name,
             text::encode_number(key.least) + '~' + text::encode_number(key.most));
  if (!key.otherwise.empty()) add_pair(dictionary, key.name, key.otherwise);
}

void add_text(Dictionary& dictionary) {
  for (const text::KeySpec& key : text::keys()) {
    dictionary.add(std::string{key.name} + '=');
    add_values(dictionary, key);
  }
  for (const text::AuthenticationKey& key : text::authentication_keys())
    dictionary.add(std::string{key.name} + '=');
  for (const std::string_view word :
       {text::word_yes, text::word_no, text::word_none, text::word_reject, text::word_irrelevant,
        text::word_not_understood, target_name, initiator_name, other_initiator_name, moved_name,
        visiting_name, removed_name, account_name})
    dictionary.add(std::string{word});
  for (const char* word : {"CRC32C",
                           "CHAP",
                           "KRB5",
                           "SPKM1",
                           "SPKM2",
                           "SRP",
                           "Normal",
                           "Discovery",
                           "All",
                           "0x",
                           "0b",
                           "~",
                           ",",
                           "X-",
                           "X#",
                           "Y#",
                           "Z#",
                           "eui.",
                           "naa.",
                           "iqn.",
                           "CHAP_R=right",
                           "CHAP_R=ours",
                           "CHAP_C=theirs",
                           "AuthMethod=CHAP",
                           "CHAP_A=5"})
    dictionary.add(word);
  dictionary.add(std::string(1, '\0'));
  dictionary.add(std::string(2, '\0'));
}

/// The two first bytes of each PDU with its fixed bits, and the codes of its fields.
void add_headers(Dictionary& dictionary) {
  for (const pdu::Description& description : pdu::descriptions()) {
    std::array<std::byte, 2> front{static_cast<std::byte>(description.opcode), std::byte{}};
    for (const pdu::Field& field : description.fields) {
      if (field.kind == pdu::EntryKind::fixed && field.place.last_byte() < front.size())
        pdu::insert(front, field.place, field.value);
      if (field.place.whole_bytes())
        for (const pdu::Code& code : field.codes)
          dictionary.add_number(code.first, field.place.width / 8U);
    }
    dictionary.add_number(wire::load_big(front), front.size());
  }
  dictionary.add_number(0xffff'ffff, 4);
}

void add_commands(Dictionary& dictionary) {
  for (const scsi::CommandRow& row : scsi::command_table()) {
    if (row.service_action)
      dictionary.add_number(std::uint64_t{row.operation_code} << 8U | *row.service_action, 2);
    else
      dictionary.add_number(row.operation_code, 1);
  }
}

/// The members of a configuration file; its text keys are those of the table.
void add_json(Dictionary& dictionary) {
  for (const char* member : {"listen",        "luns",           "name",
                             "alias",         "chap",           "mutual-chap",
                             "initiators",    "redirect",       "deadlines",
                             "limits",        "text",           "to",
                             "permanent",     "secret",         "memory",
                             "file",          "size",           "resident",
                             "block-size",    "read-only",      "login-ms",
                             "ping-after-ms", "ping-answer-ms", "connections",
                             "sessions",      "command-window", "queued-output-bytes"})
    dictionary.add('"' + std::string{member} + "\":");
  for (const char* token : {"{}", "[]", "true", "false", "null", "\"memory:64M\"", "\\u0000", "1e9",
                            "-1", "18446744073709551616", "127.0.0.1:3260", "[::1]:0"})
    dictionary.add(token);
  for (const text::KeySpec& key : text::keys()) dictionary.add('"' + std::string{key.name} + "\":");
}

}  // namespace
}  // namespace iscsi::fuzz

int main(int count, char** values) {
  using namespace iscsi::fuzz;
  const std::string_view kind = count == 2 ? values[1] : "";
  Dictionary dictionary;
  if (kind == "pdu") {
    add_headers(dictionary);
    add_commands(dictionary);
  }
  if (kind == "pdu" || kind == "text") add_text(dictionary);
  if (kind == "json") add_json(dictionary);
  dictionary.print();
  return kind == "pdu" || kind == "text" || kind == "json" ? 0 : 2;
}
