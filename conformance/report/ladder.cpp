#include "conformance/report/ladder.hpp"

#include <algorithm>
#include <set>

#include "conformance/report/markup.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/remarks.hpp"

namespace conformance {
namespace {

using iscsi::wire::ByteView;

constexpr std::size_t most_rows = 400;
constexpr std::size_t bytes_per_row = 16;
constexpr std::size_t bytes_in_passing = 16;   // of the data of a PDU with nothing wrong
constexpr std::size_t bytes_on_display = 512;  // of one that is pointed at

std::string milliseconds(std::uint64_t us) {
  const std::string rest = std::to_string(us % 1000 + 1000).substr(1);
  return std::to_string(us / 1000) + "." + rest;
}

std::string hexadecimal(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<std::size_t>(byte);
    text += digits[value >> 4U];
    text += digits[value & 15U];
    text += ' ';
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string offset_text(std::size_t at) {
  const std::string digits = std::to_string(at);
  return std::string(digits.size() < 4 ? 4 - digits.size() : 0, ' ') + digits;
}

std::string characters(ByteView bytes) {
  std::string text;
  for (const char c : iscsi::wire::as_text(bytes)) text += c >= ' ' && c <= '~' ? c : '.';
  return text;
}

/// The PDU in lines of sixteen bytes, those of `marked` set off. Only lines near the mark are shown
/// of what lies behind the first `bytes_on_display`.
std::string dump(ByteView bytes, const Stretch& marked) {
  std::string out = "<pre class=dump>";
  bool gap = false;
  for (std::size_t at = 0; at < bytes.size(); at += bytes_per_row) {
    const std::size_t end = std::min(bytes.size(), at + bytes_per_row);
    const bool near =
        at <= marked.last_byte + bytes_per_row && end + bytes_per_row > marked.first_byte;
    if (at >= bytes_on_display && !near) {
      if (!gap) out += "   …\n";
      gap = true;
      continue;
    }
    out += "<i>" + offset_text(at) + "</i> ";
    for (std::size_t i = at; i < end; ++i) {
      const bool inside = i >= marked.first_byte && i <= marked.last_byte;
      const bool begins = inside && (i == at || i == marked.first_byte);
      const bool ends = inside && (i + 1 == end || i == marked.last_byte);
      out += " ";
      if (begins) out += "<mark>";
      out += hexadecimal(bytes.subspan(i, 1));
      if (ends) out += "</mark>";
    }
    out += std::string(3 * (at + bytes_per_row - end), ' ') + "  <i>" +
           escaped(characters(bytes.subspan(at, end - at))) + "</i>\n";
  }
  return out + "</pre>";
}

std::string shown_field(const ShownField& field, const std::set<std::string>& marked) {
  const std::string text = escaped(field.print());
  return marked.contains(field.name) ? "<mark>" + text + "</mark>" : text;
}

/// The fields, those in `marked` set off, and the text keys or the beginning of the data.
std::string details(const ShownPdu& pdu, const std::set<std::string>& marked) {
  std::string out;
  for (const ShownField& field : pdu.fields) out += shown_field(field, marked) + " ";
  if (pdu.data.empty()) return out;
  out += "<div class=data>";
  for (const ShownField& key : pdu.text) out += "<span>" + shown_field(key, marked) + "</span> ";
  if (pdu.text.empty()) {
    const ByteView shown = pdu.data.first(std::min(pdu.data.size(), bytes_in_passing));
    out += hexadecimal(shown) + (shown.size() < pdu.data.size() ? " …" : "");
  }
  return out + "</div>";
}

std::string_view class_of(const Record& record) {
  switch (record.kind) {
    case Record::Kind::sent: return "out";
    case Record::Kind::received: return "in";
    case Record::Kind::unreadable: return "in odd";
    case Record::Kind::unreadable_sent: return "out odd";
    case Record::Kind::opened:
    case Record::Kind::lost:
    case Record::Kind::lost_sent:
    case Record::Kind::ended:
    case Record::Kind::broken:
    case Record::Kind::left:
    case Record::Kind::left_by_reset: break;
  }
  return "event";
}

/// What a row has besides its record.
struct About {
  std::string id{};
  bool several_connections = true;
  std::string_view verdict{};
  std::set<std::string> marked{};  ///< fields
  std::string_view remark{};
  std::string_view place{};
};

std::string row(const Record& record, const About& about) {
  const bool is_event = class_of(record) == "event";
  const ShownPdu pdu = is_event ? ShownPdu{} : show(record);
  std::string label = is_event ? std::string{event_text(record)} : escaped(pdu.name);
  if (record.damaged) label += " <b>spoilt</b>";
  if (is_unreadable(record)) label += " <b>not readable</b>";
  if (about.several_connections)
    label += " <small>" + std::to_string(record.connection) + "</small>";
  std::string out = "<tr class=\"" + std::string{class_of(record)} + "\"";
  if (!about.verdict.empty()) out += " id=" + about.id + " data-v=" + std::string{about.verdict};
  out += "><td>" + milliseconds(record.at_us) + "<td><span>" + label + "</span><td>";
  if (!about.place.empty()) out += "<i>" + escaped(about.place) + "</i> ";
  if (!about.remark.empty()) out += "<b>" + escaped(about.remark) + "</b> ";
  return out + (is_event ? "" : details(pdu, about.marked)) + "\n";
}

std::string callout(const Remark& remark, const Record* record) {
  std::string out = "<tr class=remark data-v=" + std::string{name_of(remark.verdict)} +
                    "><td><td colspan=2><div class=callout>";
  if (remark.rule) {
    const iscsi::RuleInfo& info = iscsi::about(*remark.rule);
    out += "<a class=rule href=\"#rule-" + std::string{info.slug} + "\">" + std::string{info.slug} +
           "</a> <span class=dim>RFC 3720 " + std::string{info.section} + "</span><br>" +
           escaped(info.says) + "<br>";
  }
  const std::string found = "<b>" + escaped(remark.what) + "</b>";
  if (record == nullptr || record->bytes.empty() || !remark.byte) return out + found + "</div>\n";
  const Stretch stretch = stretch_at(*record, *remark.byte);
  out += "<span class=dim>byte " + std::to_string(*remark.byte);
  if (!stretch.name.empty()) out += ", " + escaped(stretch.name);
  return out + "</span> " + found + dump(record->bytes, stretch) + "</div>\n";
}

bool has_several_connections(const Transcript& transcript) {
  return std::ranges::any_of(transcript, [&](const Record& record) {
    return record.connection != transcript.front().connection;
  });
}

}  // namespace

std::string ladder_head() {
  return "<table class=ladder><thead><tr><th>ms<th><span>initiator</span><span>target</span><th>"
         "<tbody>\n";
}

std::string ladder_row(const Record& record, std::string_view task) {
  const std::string packet = record.packet == 0 ? "" : "packet " + std::to_string(record.packet);
  return row(record, {.remark = task, .place = packet});
}

std::string ladder_end() { return "</table>\n"; }

std::string html_ladder(const CaseResult& one, std::size_t index, bool strict) {
  const std::vector<Remark> remarks = remarks_of(one, strict);
  const bool several = !one.transcript.empty() && has_several_connections(one.transcript);
  std::string out = ladder_head();
  auto remark = remarks.begin();
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < one.transcript.size(); ++i) {
    const Record& record = one.transcript[i];
    if (const std::size_t missing = left_out_before(one, i); missing > 0)
      out +=
          "<tr class=event><td><td><span>" + std::to_string(missing) + " are not kept</span><td>\n";
    const auto begin = remark;
    while (remark != remarks.end() && remark->record == i) ++remark;
    if (i >= most_rows && begin == remark) {
      ++left_out;
      continue;
    }
    Verdict worst = Verdict::pass;
    std::set<std::string> marked;
    for (auto at = begin; at != remark; ++at) {
      worst = std::max(worst, at->verdict);
      if (at->byte) marked.insert(stretch_at(record, *at->byte).name);
    }
    const std::string id = "c" + std::to_string(index) + "r" + std::to_string(i);
    out += row(record, {.id = id,
                        .several_connections = several,
                        .verdict = begin == remark ? "" : name_of(worst),
                        .marked = marked});
    for (auto at = begin; at != remark; ++at) out += callout(*at, &record);
  }
  if (left_out > 0)
    out += "<tr class=event><td><td><span>" + std::to_string(left_out) +
           " more, with nothing to remark</span><td>\n";
  for (; remark != remarks.end(); ++remark) out += callout(*remark, nullptr);
  return out + ladder_end();
}

}  // namespace conformance
