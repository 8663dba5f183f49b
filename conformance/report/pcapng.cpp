#include "conformance/report/pcapng.hpp"

#include <algorithm>
#include <map>

#include "conformance/report/built_in.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/remarks.hpp"
#include "wire/pcapng.hpp"

namespace conformance {
namespace {

using iscsi::wire::Bytes;
using iscsi::wire::pcapng::Packets;
using Comments = std::vector<std::string>;

/// Bytes that are written for a loss: TCP's numbers show that there were some, not how many.
constexpr std::size_t bytes_of_a_loss = 48;

/// A PDU, and what is missing of it.
void add_data(Packets& packets, Bytes& out, const Record& record, Packets::From from,
              const Comments& comments) {
  const auto put = [&](std::size_t begin, std::size_t end, std::size_t missing, bool last) {
    const std::size_t size = record.bytes.size();
    const auto piece = iscsi::wire::ByteView{record.bytes}.subspan(
        std::min(begin, size), std::min(end, size) - std::min(begin, size));
    packets.data(out, record.connection, record.at_us, from, piece,
                 last ? std::span{comments} : std::span<const std::string>{}, missing);
  };
  std::size_t begin = 0;
  for (const Hole& hole : record.holes) {
    const std::size_t first = std::max<std::size_t>(begin, hole.offset);
    const std::size_t behind = std::max(first, std::size_t{hole.offset} + hole.length);
    const bool last =
        &hole == &record.holes.back() && behind >= record.bytes.size() && record.left_out == 0;
    put(begin, first, behind - first, last);
    begin = behind;
  }
  if (begin < record.bytes.size() || record.left_out > 0)
    put(begin, record.bytes.size(), record.left_out, true);
}

void add_loss(Packets& packets, Bytes& out, const Record& record, Packets::From from,
              const Comments& comments) {
  packets.data(out, record.connection, record.at_us, from, {}, comments, bytes_of_a_loss);
}

void add(Packets& packets, Bytes& out, const Record& record, const Comments& comments) {
  const auto close = [&](Packets::From from, bool reset) {
    packets.close(out, record.connection, record.at_us, from, reset, comments);
  };
  const auto data = [&](Packets::From from) { add_data(packets, out, record, from, comments); };
  const auto loss = [&](Packets::From from) { add_loss(packets, out, record, from, comments); };
  switch (record.kind) {
    case Record::Kind::opened:
      if (!record.midway) packets.open(out, record.connection, record.at_us, comments);
      break;
    case Record::Kind::sent:
    case Record::Kind::unreadable_sent: data(Packets::From::initiator); break;
    case Record::Kind::received:
    case Record::Kind::unreadable: data(Packets::From::target); break;
    case Record::Kind::ended: close(Packets::From::target, false); break;
    case Record::Kind::broken: close(Packets::From::target, true); break;
    case Record::Kind::left:
      if (!record.midway) close(Packets::From::initiator, false);
      break;
    case Record::Kind::left_by_reset: close(Packets::From::initiator, true); break;
    case Record::Kind::lost: loss(Packets::From::target); break;
    case Record::Kind::lost_sent: loss(Packets::From::initiator); break;
  }
}

}  // namespace

Bytes pcapng(const Transcript& transcript, const std::string& about) {
  Bytes out;
  iscsi::wire::pcapng::begin(out, about, suite_version);
  Packets packets;
  for (const Record& record : transcript) add(packets, out, record, {});
  return out;
}

Bytes pcapng(const CaseResult& one, bool strict) {
  const std::vector<Remark> remarks = remarks_of(one, strict);
  // What is about the case as a whole is told at the end of the conversation.
  std::map<std::size_t, Comments> comments;
  std::string about =
      one.name + ": " + std::string{name_of(one.judgement.verdict)} + "\n" + one.story->claim;
  for (const Remark& remark : remarks) {
    const std::string text =
        std::string{name_of(remark.verdict)} + ": " + printable(print_remark(remark));
    const std::size_t last = one.transcript.empty() ? 0 : one.transcript.size() - 1;
    comments[remark.record.value_or(last)].push_back(text);
    about += "\n" + text;
  }
  Bytes out;
  iscsi::wire::pcapng::begin(out, about, suite_version);
  Packets packets;
  for (std::size_t i = 0; i < one.transcript.size(); ++i) {
    const Record& record = one.transcript[i];
    if (left_out_before(one, i) > 0 && record.kind != Record::Kind::opened)
      for (const Packets::From from : {Packets::From::initiator, Packets::From::target})
        add_loss(packets, out, record, from, {});
    add(packets, out, record, comments[i]);
  }
  return out;
}

}  // namespace conformance
