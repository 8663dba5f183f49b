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

void add(Packets& packets, Bytes& out, const Record& record, const Comments& comments) {
  const auto close = [&](Packets::From from, bool reset) {
    packets.close(out, record.connection, record.at_us, from, reset, comments);
  };
  const auto data = [&](Packets::From from) {
    packets.data(out, record.connection, record.at_us, from, record.bytes, comments);
  };
  switch (record.kind) {
    case Record::Kind::opened: packets.open(out, record.connection, record.at_us, comments); break;
    case Record::Kind::sent:
    case Record::Kind::unreadable_sent: data(Packets::From::initiator); break;
    case Record::Kind::received:
    case Record::Kind::unreadable: data(Packets::From::target); break;
    case Record::Kind::ended: close(Packets::From::target, false); break;
    case Record::Kind::broken: close(Packets::From::target, true); break;
    case Record::Kind::left: close(Packets::From::initiator, false); break;
    case Record::Kind::left_by_reset: close(Packets::From::initiator, true); break;
    case Record::Kind::lost:
    case Record::Kind::lost_sent: break;
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
  for (std::size_t i = 0; i < one.transcript.size(); ++i)
    add(packets, out, one.transcript[i], comments[i]);
  return out;
}

}  // namespace conformance
