#include "conformance/story/load_steps.hpp"

#include <algorithm>
#include <optional>

#include "conformance/story/load_values.hpp"
#include "conformance/story/loader.hpp"

namespace conformance {

using iscsi::pdu::Description;
using iscsi::pdu::Place;

namespace {

const Description* find_pdu(std::string_view name) {
  const auto all = iscsi::pdu::descriptions();
  const auto found = std::ranges::find(all, name, &Description::name);
  return found == all.end() ? nullptr : &*found;
}

const Description& pdu_named(std::string_view name) { return *find_pdu(name); }

/// The one member of `at` that is no qualifier: what is sent, or what is expected.
std::pair<std::string, Reader> read_subject(const Reader& at,
                                            std::initializer_list<std::string_view> qualifiers) {
  std::optional<std::pair<std::string, Reader>> subject;
  for (const auto& [key, value] : at.members()) {
    if (std::ranges::find(qualifiers, key) != qualifiers.end()) continue;
    if (subject) value.refuse("one subject, but \"" + subject->first + "\" is one already");
    subject.emplace(key, value);
  }
  if (!subject) at.refuse("the name of a PDU");
  return *std::move(subject);
}

// Sending.

FieldSetting read_setting(const Reader& at, const Description& pdu, const std::string& name) {
  const NamedField field = read_field_name(at, pdu, name);
  const iscsi::pdu::Field* own = iscsi::pdu::find_field(pdu, name);
  if (own == nullptr || own->kind != iscsi::pdu::EntryKind::field)
    at.refuse("a field with a value of its own; \"but\" changes the others");
  return {name, read_expression(at, field)};
}

Place read_bits(const Reader& at) {
  const auto items = at.items();
  if (items.size() != 3) at.refuse("[byte, first bit, number of bits]");
  const std::uint64_t byte = items[0].number();
  const std::uint64_t bit = items[1].number();
  const std::uint64_t width = items[2].number();
  const bool inside = byte < 48 && bit < 8 && width > 0 && width <= 64;
  const bool whole = bit == 0 && width % 8 == 0 && byte + width / 8 <= 48;
  if (!inside || (!whole && bit + width > 8))
    at.refuse("bits inside one byte of the header, or whole bytes");
  return {static_cast<std::uint16_t>(byte), static_cast<std::uint16_t>(bit),
          static_cast<std::uint16_t>(width)};
}

Damage read_damage(const Reader& at, const Description& pdu) {
  if (const auto name = at.get("field")) {
    at.allow_only({"field", "is"});
    const NamedField field = read_field_name(*name, pdu, name->text());
    if (field.place.width > 64) name->refuse("a field of 64 bits at most");
    return {Damage::Set{field.place, read_expression(at.need("is"), field)}};
  }
  if (const auto bits = at.get("bits")) {
    at.allow_only({"bits", "is"});
    return {Damage::Set{read_bits(*bits), read_expression(at.need("is"))}};
  }
  at.allow_only({"field", "bits", "padding", "digest", "truncate", "append"});
  if (const auto byte = at.get("padding")) return {Damage::Padding{read_expression(*byte)}};
  if (const auto length = at.get("truncate")) return {Damage::Truncate{read_expression(*length)}};
  if (const auto data = at.get("append")) return {Damage::Append{read_data(*data)}};
  const Reader digest = at.need("digest");
  if (digest.text() == "header") return {Damage::SpoilHeaderDigest{}};
  if (digest.text() == "data") return {Damage::SpoilDataDigest{}};
  digest.refuse("\"header\" or \"data\"");
}

SendPdu read_pdu(const Reader& send, const Reader& step, const std::string& name,
                 const Reader& fields) {
  SendPdu out;
  out.pdu = find_pdu(name);
  if (out.pdu == nullptr || iscsi::pdu::is_from_target(out.pdu->opcode))
    fields.refuse("the name of an initiator's PDU, \"login\" or \"data-out\"");
  for (const auto& [key, value] : fields.members()) {
    if (key == "CDB" && out.pdu->opcode == iscsi::pdu::Opcode::scsi_command)
      out.cdb = read_cdb(value);
    else
      out.fields.push_back(read_setting(value, *out.pdu, key));
  }
  if (const auto data = send.get("data")) out.data = read_data(*data);
  if (const auto text = send.get("text")) out.data = read_lines(*text);
  if (const auto headers = send.get("ahs")) out.additional_headers = read_data(*headers);
  if (const auto output = send.get("output")) out.output = read_data(*output);
  if (const auto damage = step.get("but"))
    for (const Reader& item : damage->items()) out.but.push_back(read_damage(item, *out.pdu));
  if (const auto pieces = step.get("pieces")) out.pieces = read_expression(*pieces);
  return out;
}

SendLogin read_login(const Reader& send, const Reader& login) {
  SendLogin out;
  for (const auto& [key, value] : login.members()) {
    if (key == "session") {
      if (value.text() != "normal" && value.text() != "discovery")
        value.refuse("\"normal\" or \"discovery\"");
      out.discovery = value.text() == "discovery";
    } else if (key == "stages") {
      const std::string& stages = value.text();
      out.skip_security = stages == "operational";
      out.skip_operational = stages == "security";
      if (!out.skip_security && !out.skip_operational && stages != "both")
        value.refuse("\"both\", \"security\" or \"operational\"");
    } else if (key == "binaries") {
      if (value.text() != "base64") value.refuse("\"base64\"");
      out.in_base64 = true;
    } else if (key == "challenge") {
      if (value.text() != "reflected") value.refuse("\"reflected\"");
      out.reflected = true;
    } else {
      out.fields.push_back(read_setting(value, pdu_named("Login Request"), key));
    }
  }
  if (const auto text = send.get("text"))
    for (const Reader& line : text->items()) out.offers.push_back(read_template(line, line.text()));
  return out;
}

SendOutput read_output(const Reader& at) {
  at.allow_only({"of", "tag", "from", "length", "segment"});
  const auto tag = at.get("tag");
  const auto segment = at.get("segment");
  return {.command = at.need("of").text(),
          .transfer_tag = tag ? read_expression(*tag) : Expression{~std::uint64_t{0}},
          .from = read_expression(at.need("from")),
          .length = read_expression(at.need("length")),
          .segment = segment ? std::optional{read_expression(*segment)} : std::nullopt};
}

void read_send(const Reader& send, const Reader& step, Step& out) {
  const auto [name, fields] = read_subject(send, {"data", "text", "ahs", "output"});
  if (name == "login")
    out.what = read_login(send, fields);
  else if (name == "data-out")
    out.what = read_output(fields);
  else
    out.what = read_pdu(send, step, name, fields);
}

// Expecting.

TextMatch read_text_match(const std::string& key, const Reader& at) {
  if (at.is_null()) return {key, TextMatch::Absent{}};
  if (at.is_text()) return {key, TextMatch::Is{read_template(at, at.text())}};
  at.allow_only({"in", "from", "to", "ends"});
  if (const auto end = at.get("ends"))
    return {key, TextMatch::Ends{read_template(*end, end->text())}};
  if (const auto list = at.get("in")) {
    TextMatch::OneOf one_of;
    for (const Reader& item : list->items())
      one_of.values.push_back(read_template(item, item.text()));
    return {key, std::move(one_of)};
  }
  return {key,
          TextMatch::Between{read_expression(at.need("from")), read_expression(at.need("to"))}};
}

/// What a command's end may be asked for, besides the fields of a SCSI Response.
constexpr std::array<NamedField, 3> sense_fields{
    {{"SenseKey", {}, {}}, {"ASC", {}, {}}, {"ASCQ", {}, {}}}};

NamedField read_outcome_field(const Reader& at, const Outcome& outcome, const std::string& name) {
  if (outcome.kind == Outcome::Kind::completion)
    for (const NamedField& field : sense_fields)
      if (field.name == name) return field;
  return read_field_name(at, *outcome.pdu, name);
}

/// The kinds of outcome that are no PDU, and the PDU whose fields they show.
struct Pseudo {
  std::string_view name;
  Outcome::Kind kind;
  std::string_view pdu;
};
constexpr std::array<Pseudo, 5> pseudos{
    {{"completion", Outcome::Kind::completion, "SCSI Response"},
     {"answer", Outcome::Kind::answer, "Text Response"},
     {"full-feature", Outcome::Kind::full_feature, "Login Response"},
     {"close", Outcome::Kind::close, ""},
     {"nothing", Outcome::Kind::nothing, ""}}};

Outcome outcome_named(const Reader& at, std::string_view name) {
  Outcome outcome;
  for (const Pseudo& pseudo : pseudos)
    if (pseudo.name == name) {
      outcome.kind = pseudo.kind;
      outcome.pdu = find_pdu(pseudo.pdu);
      return outcome;
    }
  outcome.pdu = find_pdu(name);
  if (outcome.pdu == nullptr || !iscsi::pdu::is_from_target(outcome.pdu->opcode))
    at.refuse(
        "the name of a target's PDU, \"completion\", \"answer\", \"full-feature\", \"close\" or "
        "\"nothing\"");
  return outcome;
}

Verdict read_verdict(const Reader& at) {
  if (at.text() == "pass") return Verdict::pass;
  if (at.text() == "warn") return Verdict::warn;
  if (at.text() == "unsupported") return Verdict::unsupported;
  if (at.text() == "fail") return Verdict::fail;
  at.refuse("\"pass\", \"warn\", \"unsupported\" or \"fail\"");
}

Outcome read_outcome(const Reader& at) {
  if (at.is_text()) return outcome_named(at, at.text());
  const auto [name, fields] = read_subject(
      at, {"data", "text", "numbers", "segment", "backwards", "verdict", "because", "ends"});
  Outcome outcome = outcome_named(fields, name);
  for (const auto& [key, value] : fields.members()) {
    if (outcome.pdu == nullptr) value.refuse("no fields");
    const NamedField field = read_outcome_field(value, outcome, key);
    if (field.place.width > 64) value.refuse("a field of 64 bits at most");
    outcome.fields.push_back({key, read_match(value, field)});
  }
  if (const auto data = at.get("data")) outcome.data = read_data(*data);
  if (const auto text = at.get("text"))
    for (const auto& [key, value] : text->members())
      outcome.text.push_back(read_text_match(key, value));
  if (const auto numbers = at.get("numbers"))
    for (const Reader& item : numbers->items()) {
      item.allow_only({"at", "bytes", "is"});
      outcome.numbers.push_back({read_expression(item.need("at")),
                                 read_expression(item.need("bytes")), read_match(item.need("is"))});
    }
  if (const auto segment = at.get("segment")) outcome.segment = read_expression(*segment);
  if (const auto backwards = at.get("backwards")) outcome.backwards = backwards->flag();
  if (const auto verdict = at.get("verdict")) outcome.verdict = read_verdict(*verdict);
  if (const auto ends = at.get("ends")) outcome.ends = ends->flag();
  if (const auto because = at.get("because")) outcome.because = because->text();
  if (outcome.verdict != Verdict::pass && outcome.because.empty())
    at.refuse("a \"because\" for a verdict other than pass");
  return outcome;
}

Expect read_expect(const Reader& expect, const Reader& step) {
  Expect out;
  if (expect.is_array())
    for (const Reader& item : expect.items()) out.outcomes.push_back(read_outcome(item));
  else
    out.outcomes.push_back(read_outcome(expect));
  if (out.outcomes.empty()) expect.refuse("at least one outcome");
  if (const auto rule = step.get("rule")) {
    const iscsi::RuleInfo* info = find_rule(rule->text());
    if (info == nullptr) rule->refuse("the name of a rule of the ledger");
    out.rule = info->rule;
  }
  return out;
}

}  // namespace

Step read_step(const Reader& at) {
  at.allow_only({"send", "expect", "close", "wait", "but", "pieces", "hold", "times", "rule", "as",
                 "on", "wire", "note"});
  Step step;
  step.where = at.path();
  if (const auto name = at.get("on")) step.connection = name->text();
  if (const auto name = at.get("as")) step.as = name->text();
  if (const auto wire = at.get("wire")) step.wire = read_hexadecimal(*wire, wire->text());
  if (const auto times = at.get("times")) step.times = read_expression(*times);
  if (const auto hold = at.get("hold")) step.hold = hold->flag();
  std::size_t actions = 0;
  if (const auto send = at.get("send")) {
    ++actions;
    read_send(*send, at, step);
  }
  if (const auto expect = at.get("expect")) {
    ++actions;
    step.what = read_expect(*expect, at);
  }
  if (const auto close = at.get("close")) {
    ++actions;
    if (close->text() != "end" && close->text() != "reset") close->refuse("\"end\" or \"reset\"");
    step.what = Close{.reset = close->text() == "reset"};
  }
  if (const auto wait = at.get("wait")) {
    ++actions;
    step.what = Wait{read_expression(*wait)};
  }
  if (actions != 1) at.refuse("one of send, expect, close, wait");
  if ((at.get("but") || at.get("pieces")) && !std::holds_alternative<SendPdu>(step.what))
    at.refuse("\"but\" and \"pieces\" only where a PDU is sent");
  if ((step.hold || step.times) && !step.sends())
    at.refuse("\"hold\" and \"times\" only where something is sent");
  return step;
}

}  // namespace conformance
