#include <algorithm>

#include "conformance/model/anatomy.hpp"
#include "conformance/recording/payload.hpp"
#include "conformance/recording/recording.hpp"
#include "conformance/recording/words.hpp"
#include "conformance/story/data.hpp"
#include "conformance/story/load_values.hpp"
#include "conformance/story/loader.hpp"
#include "limits.hpp"
#include "wire/crc32c.hpp"

namespace conformance {

using iscsi::pdu::bhs_bytes;
using iscsi::pdu::Description;
using iscsi::pdu::EntryKind;
using iscsi::pdu::Field;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

namespace {

constexpr std::uint64_t most_connections = 65536;

/// A number that fits into `bits`, or "none".
std::uint64_t read_number(const Reader& at, unsigned bits) {
  const std::uint64_t most = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  if (at.is_text() && at.text() == "none") return most;
  if (at.number() > most) at.refuse("a number of " + std::to_string(bits) + " bits");
  return at.number();
}

std::uint32_t read_small(const Reader& at) {
  return static_cast<std::uint32_t>(read_number(at, 32));
}

const Description& read_pdu_name(const Reader& at, const std::string& name, bool from_target) {
  for (const Description& pdu : iscsi::pdu::descriptions())
    if (pdu.name == name && iscsi::pdu::is_from_target(pdu.opcode) == from_target) return pdu;
  at.refuse(from_target ? "the name of a target's PDU, or bytes"
                        : "the name of an initiator's PDU, or bytes");
}

void read_cdb_field(const Reader& at, std::span<std::byte> header, const Field& field) {
  const auto to = header.subspan(field.place.byte, field.place.width / 8U);
  if (at.is_text()) {
    const Bytes bytes = read_literal(at);
    if (bytes.size() > to.size()) at.refuse(std::to_string(to.size()) + " bytes at most");
    std::ranges::copy(bytes, to.begin());
    return;
  }
  const auto cdb = make(read_cdb(at), {});
  if (!cdb) at.refuse("numbers (" + cdb.error() + ")");
  std::ranges::copy(*cdb, to.begin());
}

void read_fields(const Reader& at, const Description& pdu, std::span<std::byte> header) {
  header[0] = static_cast<std::byte>(pdu.opcode);
  for (const Field& field : pdu.fields)
    if (field.kind == EntryKind::fixed) insert(header, field.place, field.value);
  for (const auto& [name, value] : at.members()) {
    const Field* field = iscsi::pdu::find_field(pdu, name);
    if (field == nullptr) {
      (void)read_field_name(value, pdu, name);  // refuses what is no field at all
      value.refuse("a field that is not told by the PDU's own lengths");
    }
    if (field->kind == EntryKind::opaque)
      read_cdb_field(value, header, *field);
    else
      insert(header, field->place, read_number(value, field->place.width));
  }
}

/// A PDU while it is put together.
struct Pieces {
  Bytes headers{};
  Bytes data{};
  Bytes padding{};
  std::optional<Bytes> header_digest{};
  std::optional<Bytes> data_digest{};
};

Bytes digest_of(ByteView covered) {
  Bytes digest(4);
  iscsi::wire::store_digest(std::span{digest}.first<4>(), iscsi::wire::crc32c(covered));
  return digest;
}

Bytes with_padding(const Pieces& pieces) {
  Bytes padded = pieces.data;
  padded.insert(padded.end(), pieces.padding.begin(), pieces.padding.end());
  return padded;
}

void read_but(const Reader& at, Pieces& pieces) {
  if (const auto bits = at.get("bits")) {
    at.allow_only({"bits", "is"});
    const auto items = bits->items();
    if (items.size() != 3 || items[0].number() >= bhs_bytes || items[1].number() != 0 ||
        items[2].number() != 8)
      bits->refuse("[byte of the header, 0, 8]");
    pieces.headers[items[0].number()] = static_cast<std::byte>(read_number(at.need("is"), 8));
    return;
  }
  if (const auto padding = at.get("padding")) {
    at.allow_only({"padding"});
    const Bytes bytes = read_literal(*padding);
    if (bytes.size() != pieces.padding.size())
      padding->refuse(std::to_string(pieces.padding.size()) + " bytes");
    pieces.padding = bytes;
    return;
  }
  at.allow_only({"digest", "is"});
  const Reader digest = at.need("digest");
  Bytes bytes = read_literal(at.need("is"));
  if (bytes.size() != 4) at.need("is").refuse("four bytes");
  auto& wrong = digest.text() == "header" ? pieces.header_digest : pieces.data_digest;
  if (!wrong || (digest.text() != "header" && digest.text() != "data"))
    digest.refuse("a digest that the PDU has: \"header\" or \"data\"");
  wrong = std::move(bytes);
}

class Loader {
 public:
  Transcript load(const Reader& at) {
    for (const Reader& item : at.items()) {
      transcript_.push_back(read_record(item));
      room_ -= transcript_.back().bytes.size();
    }
    return std::move(transcript_);
  }

 private:
  Record read_record(const Reader& at) {
    at.allow_only({"opened",        "sent",      "received", "unreadable", "unreadable-sent",
                   "lost",          "lost-sent", "ended",    "broken",     "left",
                   "left-by-reset", "but",       "because",  "missing",    "damaged",
                   "midway",        "on",        "at",       "packet",     "note"});
    Record record;
    std::optional<Reader> what;
    for (const KindWord& row : kind_words)
      if (const auto found = at.get(row.word)) {
        if (what) found->refuse("one thing that happened");
        record.kind = row.kind;
        what = found;
      }
    if (!what) at.refuse("a member that says what happened, such as \"sent\"");
    record.bytes = read_bytes(at, *what, record.kind);
    if (record.bytes.size() > room_) what->refuse("a recording of 256 MiB at most");
    read_circumstances(at, record);
    return record;
  }

  Bytes read_bytes(const Reader& at, const Reader& what, Record::Kind kind) {
    if (const auto bytes = what.get("bytes")) {
      what.allow_only({"bytes"});
      return read_literal(*bytes);
    }
    if (kind == Record::Kind::sent || kind == Record::Kind::received)
      return read_pdu(at, what, kind == Record::Kind::received);
    what.allow_only({"bytes"});
    return {};
  }

  Bytes read_pdu(const Reader& at, const Reader& what, bool from_target) {
    Pieces pieces{.headers = Bytes(bhs_bytes)};
    std::size_t names = 0;
    for (const auto& [key, value] : what.members()) {
      if (key == "ahs" || key == "text" || key == "data" || key == "digests") continue;
      if (++names > 1) value.refuse("one PDU");
      read_fields(value, read_pdu_name(value, key, from_target), pieces.headers);
    }
    if (names == 0) what.refuse("the name of a PDU, or bytes");
    if (const auto ahs = what.get("ahs")) {
      const Bytes bytes = read_literal(*ahs);
      if (bytes.size() % 4 != 0 || bytes.size() > iscsi::limits::additional_headers_bytes)
        ahs->refuse("whole words, 1020 bytes at most");
      pieces.headers.insert(pieces.headers.end(), bytes.begin(), bytes.end());
    }
    pieces.data = read_payload(what);
    pieces.padding.resize(iscsi::wire::padding(pieces.data.size()));
    iscsi::wire::store<1>(pieces.headers, 4, (pieces.headers.size() - bhs_bytes) / 4);
    iscsi::wire::store<3>(pieces.headers, 5, pieces.data.size());
    return assemble(at, what, pieces);
  }

  Bytes read_payload(const Reader& what) {
    const auto text = what.get("text");
    const auto data = what.get("data");
    if (text && data) data->refuse("either text or data");
    Bytes bytes;
    if (text)
      for (const Reader& line : text->items()) {
        const ByteView characters = iscsi::wire::as_bytes(line.text());
        bytes.insert(bytes.end(), characters.begin(), characters.end());
        bytes.push_back(std::byte{0});
      }
    const std::uint64_t most = std::min<std::uint64_t>(room_, iscsi::limits::data_segment_bytes);
    if (data) {
      bytes = payload_.read(*data, most);
      payload_.remember(transcript_.size(), bytes);
    }
    if (bytes.size() > most) what.refuse("2^24 - 1 bytes at most");
    return bytes;
  }

  static Bytes assemble(const Reader& at, const Reader& what, Pieces& pieces) {
    if (const auto digests = what.get("digests"))
      for (const Reader& one : digests->items()) {
        if (one.text() != "header" && one.text() != "data") one.refuse("\"header\" or \"data\"");
        if (one.text() == "data" && pieces.data.empty())
          one.refuse("no digest of data without data");
        (one.text() == "header" ? pieces.header_digest : pieces.data_digest) = Bytes{};
      }
    const auto but = at.get("but");
    if (but)
      for (const Reader& item : but->items()) read_but(item, pieces);
    Bytes whole = pieces.headers;
    const auto append = [&whole](const Bytes& bytes) {
      whole.insert(whole.end(), bytes.begin(), bytes.end());
    };
    const auto append_digest = [&](const std::optional<Bytes>& digest, const Bytes& covered) {
      if (digest) append(digest->empty() ? digest_of(covered) : *digest);
    };
    const Bytes padded = with_padding(pieces);
    append_digest(pieces.header_digest, pieces.headers);
    append(padded);
    append_digest(pieces.data_digest, padded);
    return whole;
  }

  static void read_circumstances(const Reader& at, Record& record) {
    if (const auto on = at.get("on")) record.connection = read_small(*on);
    if (record.connection >= most_connections) at.need("on").refuse("a number below 65536");
    record.at_us = at.need("at").number();
    if (const auto packet = at.get("packet")) record.packet = packet->number();
    if (const auto damaged = at.get("damaged")) record.damaged = damaged->flag();
    if (const auto midway = at.get("midway")) record.midway = midway->flag();
    if (const auto why = at.get("because")) {
      why->allow_only({"rule", "byte", "found"});
      const iscsi::RuleInfo* rule = find_rule(why->need("rule").text());
      if (rule == nullptr) why->need("rule").refuse("the name of a rule of the ledger");
      record.violation =
          iscsi::Violation{rule->rule, read_small(why->need("byte")), why->need("found").number()};
    }
    if (const auto missing = at.get("missing"))
      for (const Reader& item : missing->items()) {
        const auto pair = item.items();
        if (pair.size() != 2) item.refuse("[offset, length]");
        const Hole hole{read_small(pair[0]), read_small(pair[1])};
        if (hole.offset < bhs_bytes || hole.offset > record.bytes.size() ||
            hole.length > record.bytes.size() - hole.offset)
          item.refuse("a run of bytes of the PDU, behind its header");
        record.holes.push_back(hole);
      }
  }

  PayloadReader payload_;
  Transcript transcript_;
  std::uint64_t room_ = longest_recording;
};

std::optional<Secret> read_secret(const Reader& at, std::string_view key) {
  const auto secret = at.get(key);
  if (!secret) return std::nullopt;
  secret->allow_only({"name", "secret"});
  return Secret{secret->need("name").text(), secret->need("secret").text()};
}

Origin read_origin(const Reader& at) {
  for (const OriginWord& row : origin_words)
    if (row.word == at.text()) return row.origin;
  at.refuse("\"captured\", \"captured-facts\" or \"reconstructed\"");
}

Recording read_recording(std::string_view name, const Reader& at) {
  at.allow_only({"$schema", "version", "claim", "origin", "source", "initiator", "target", "note",
                 "secret", "target-secret", "doubtful", "connections", "recorded"});
  if (at.need("version").number() != recording_version)
    at.need("version").refuse("version " + std::to_string(recording_version) + " of the grammar");
  Recording recording{.name = std::string{name},
                      .claim = at.need("claim").text(),
                      .origin = read_origin(at.need("origin")),
                      .source = at.need("source").text(),
                      .initiator = at.need("initiator").text(),
                      .target = at.need("target").text()};
  if (const auto note = at.get("note")) recording.note = note->text();
  recording.secret = read_secret(at, "secret");
  recording.target_secret = read_secret(at, "target-secret");
  if (const auto doubts = at.get("doubtful"))
    for (const Reader& item : doubts->items()) {
      item.allow_only({"record", "because"});
      recording.doubtful.push_back({item.need("record").number(), item.need("because").text()});
    }
  for (const Reader& item : at.need("connections").items()) {
    item.allow_only({"initiator", "target"});
    recording.connections.push_back({item.need("initiator").text(), item.need("target").text()});
  }
  recording.transcript = Loader{}.load(at.need("recorded"));
  return recording;
}

}  // namespace

std::string_view name_of(Origin origin) {
  for (const OriginWord& row : origin_words)
    if (row.origin == origin) return row.word;
  return {};
}

std::expected<Recording, json::Error> load_recording(std::string_view name, std::string_view text) {
  const auto value = json::parse(text);
  if (!value) return std::unexpected(value.error());
  try {
    return read_recording(name, Reader{*value, ""});
  } catch (const json::Error& refusal) {
    return std::unexpected(refusal);
  }
}

}  // namespace conformance
