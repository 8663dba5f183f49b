#include "conformance/play/initiator.hpp"

#include <algorithm>

#include "conformance/story/data.hpp"

namespace conformance {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;
using iscsi::wire::CmdSN;
using iscsi::wire::no_tag;
using iscsi::wire::StatSN;

namespace {

constexpr bool carries_cmd_sn(Opcode opcode) {
  return opcode == Opcode::nop_out || opcode == Opcode::scsi_command ||
         opcode == Opcode::task_management_request || opcode == Opcode::text_request ||
         opcode == Opcode::logout_request;
}

/// A repeatable number that differs from seed to seed and from purpose to purpose.
std::uint32_t drawn(std::uint64_t seed, std::uint64_t purpose) {
  std::uint32_t value = 0;
  for (std::uint64_t i = 0; i < 4; ++i)
    value = value << 8U | std::to_integer<std::uint32_t>(pattern_byte(seed, purpose * 8 + i));
  return value;
}

Stage stage_of(std::uint64_t code) { return code == 0 ? Stage::security : Stage::operational; }

}  // namespace

Opcode Arrival::opcode() const { return iscsi::pdu::opcode_of(header); }
std::uint64_t Arrival::field(std::string_view name) const { return field_of(header, name); }
std::uint32_t Arrival::tag() const {
  return static_cast<std::uint32_t>(iscsi::wire::load<4>(header, 16));
}

Digests Connection::digests() const {
  if (!in_full_feature()) return {};
  return {.header = agreed.header_digest, .data = agreed.data_digest};
}

Connection& Initiator::connection(const std::string& name) {
  const auto found = connections_.find(name);
  if (found != connections_.end()) return found->second;
  const std::uint64_t index = sessions_.size();
  // 10.12.5: the "random" format, T = 10b: a random number and a qualifier.
  const std::uint64_t isid = std::uint64_t{0x80} << 40U |
                             std::uint64_t{drawn(settings_.seed, 1) & 0xff'ffffU} << 16U |
                             ((drawn(settings_.seed, 2) + index) & 0xffffU);
  Session session{.isid = iscsi::wire::Isid{isid}};
  session.cmd_sn = CmdSN{drawn(settings_.seed, 3 + index)};
  session.exp_cmd_sn = session.cmd_sn;
  session.max_cmd_sn = session.cmd_sn;
  session.next_tag = drawn(settings_.seed, 64 + index) & 0x7fff'ffffU;
  sessions_.push_back(session);
  Connection& connection = connections_[name];
  connection.number = static_cast<ConnectionNumber>(connections_.size() - 1);
  connection.session = index;
  return connection;
}

Connection* Initiator::find(ConnectionNumber number) {
  for (auto& [name, connection] : connections_)
    if (connection.number == number && connection.state != Connection::State::unused)
      return &connection;
  return nullptr;
}

Usual Initiator::usual(const Connection& connection) {
  Session& session = session_of(connection);
  while (session.tasks.contains(session.next_tag) || session.next_tag == no_tag) ++session.next_tag;
  return {.isid = session.isid,
          .tsih = session.tsih,
          .cid = connection.cid,
          .lun = iscsi::wire::Lun{settings_.lun},
          .tag = iscsi::wire::InitiatorTaskTag{session.next_tag},
          .cmd_sn = session.cmd_sn,
          .exp_stat_sn = connection.exp_stat_sn};
}

bool Initiator::window_is_open(const Connection& connection) {
  const Session& session = session_of(connection);
  return session.cmd_sn.precedes_or_is(session.max_cmd_sn);
}

void Initiator::note(Record::Kind kind, const Connection& connection, std::uint64_t now_us) {
  transcript_.push_back({.kind = kind, .connection = connection.number, .at_us = now_us});
}

void Initiator::sent(Connection& connection, const Bytes& bytes, bool damaged,
                     std::uint64_t now_us) {
  transcript_.push_back({.kind = Record::Kind::sent,
                         .connection = connection.number,
                         .at_us = now_us,
                         .bytes = bytes,
                         .violation = std::nullopt,
                         .damaged = damaged});
  if (bytes.size() < bhs_bytes) return;
  const FrameLimits wide{.data = iscsi::limits::data_segment_bytes,
                         .digests = connection.digests()};
  const Framing framing = next_frame(bytes, wide);
  if (const auto* framed = std::get_if<Framed>(&framing))
    understand_request(connection, framed->frame);
  else
    understand_request(connection, {.header = ByteView{bytes}.first<bhs_bytes>()});
}

void Initiator::understand_request(Connection& connection, const Frame& frame) {
  Session& session = session_of(connection);
  const Opcode opcode = iscsi::pdu::opcode_of(frame.header);
  const bool immediate = extract(frame.header, bits(0, 1)) != 0;
  if (carries_cmd_sn(opcode) && !immediate &&
      iscsi::wire::load<4>(frame.header, 24) == session.cmd_sn.value)
    ++session.cmd_sn;
  const auto tag = static_cast<std::uint32_t>(iscsi::wire::load<4>(frame.header, 16));
  if (tag != no_tag && opcode != Opcode::data_out && opcode != Opcode::snack_request) {
    session.tasks.insert_or_assign(tag, opcode);
    connection.issued.insert(tag);
    connection.last_tag = tag;
  }
  if (opcode == Opcode::scsi_command) {
    connection.last_command = tag;
    Command& command = connection.commands[tag];
    command = {
        .lun = iscsi::wire::Lun{iscsi::wire::load<8>(frame.header, 8)},
        .expected_length = static_cast<std::uint32_t>(iscsi::wire::load<4>(frame.header, 20))};
  }
  const bool continued = extract(frame.header, bits(1, 1)) != 0;
  if (opcode == Opcode::login_request)
    connection.talk.request(stage_of(extract(frame.header, bits(1, 4, 2))), continued, frame.data);
  if (opcode == Opcode::text_request) {
    if (iscsi::wire::load<4>(frame.header, 20) == no_tag) connection.talk = Talk{connection.agreed};
    connection.text_immediate = immediate;
    connection.talk.request(Stage::full_feature, continued, frame.data);
  }
}

void Initiator::received(Connection& connection, ByteView bytes, std::uint64_t now_us) {
  connection.stream.insert(connection.stream.end(), bytes.begin(), bytes.end());
  while (!connection.unreadable && take_frame(connection, now_us)) {
  }
  if (connection.unreadable) connection.stream.clear();
}

bool Initiator::take_frame(Connection& connection, std::uint64_t now_us) {
  const std::size_t limit = connection.in_full_feature() ? connection.agreed.initiator_limit
                                                         : Parameters{}.initiator_limit;
  const Framing framing =
      next_frame(connection.stream, {.data = limit, .digests = connection.digests()});
  if (std::holds_alternative<Incomplete>(framing)) return false;
  Record record{.kind = Record::Kind::received, .connection = connection.number, .at_us = now_us};
  if (const auto* violation = std::get_if<iscsi::Violation>(&framing)) {
    record.kind = Record::Kind::unreadable;
    record.violation = *violation;
    const std::size_t shown = std::min<std::size_t>(connection.stream.size(), bhs_bytes);
    record.bytes.assign(connection.stream.begin(),
                        connection.stream.begin() + static_cast<long>(shown));
    transcript_.push_back(std::move(record));
    connection.unreadable = true;
    return false;
  }
  const auto& framed = std::get<Framed>(framing);
  const auto end = connection.stream.begin() + static_cast<long>(framed.consumed);
  record.bytes.assign(connection.stream.begin(), end);
  Arrival arrival{.header = {framed.frame.header.begin(), framed.frame.header.end()},
                  .data = {framed.frame.data.begin(), framed.frame.data.end()},
                  .record = transcript_.size()};
  if (!framed.data_intact) {
    record.kind = Record::Kind::unreadable;
    record.violation = iscsi::Violation{iscsi::Rule::data_digest_matches,
                                        static_cast<std::uint32_t>(framed.consumed - 4), 0};
  }
  transcript_.push_back(std::move(record));
  connection.stream.erase(connection.stream.begin(), end);
  if (framed.data_intact) {  // 6.7: else discarded
    understand_response(connection, arrival);
    connection.inbox.push_back(std::move(arrival));
  }
  return true;
}

void Initiator::update_window(Session& session, const Arrival& arrival) {
  // 3.2.2.1, "MaxCmdSN and ExpCmdSN fields are processed by the initiator as follows".
  const CmdSN exp_cmd_sn{static_cast<std::uint32_t>(iscsi::wire::load<4>(arrival.header, 28))};
  const CmdSN max_cmd_sn{static_cast<std::uint32_t>(iscsi::wire::load<4>(arrival.header, 32))};
  if (max_cmd_sn.precedes(exp_cmd_sn - 1)) return;
  if (session.max_cmd_sn.precedes(max_cmd_sn)) session.max_cmd_sn = max_cmd_sn;
  if (session.exp_cmd_sn.precedes(exp_cmd_sn)) session.exp_cmd_sn = exp_cmd_sn;
}

void Initiator::understand_response(Connection& connection, Arrival& arrival) {
  const Opcode opcode = arrival.opcode();
  if (describe(static_cast<std::uint8_t>(opcode)) == nullptr || !is_from_target(opcode)) return;
  const bool failed_login = opcode == Opcode::login_response && arrival.field("Status") != 0;
  const bool numbered = opcode != Opcode::ready_to_transfer && !failed_login &&
                        !(opcode == Opcode::nop_in && arrival.tag() == no_tag) &&
                        !(opcode == Opcode::data_in && arrival.field("S") == 0);
  if (numbered)
    connection.exp_stat_sn = StatSN{static_cast<std::uint32_t>(arrival.field("StatSN"))} + 1;
  Session& session = session_of(connection);
  if (!failed_login) update_window(session, arrival);
  if (opcode == Opcode::login_response) understand_login(connection, arrival);
  if (opcode == Opcode::text_response) {
    const bool final = arrival.field("F") != 0;
    const bool goes_on = arrival.field("C") != 0;
    connection.talk.response(Stage::full_feature, goes_on, final, arrival.data);
    if (!goes_on) arrival.text = connection.talk.answered();
    if (final) connection.agreed = connection.talk.parameters();
  }
  if (opcode == Opcode::logout_response && arrival.field("Response") == 0)
    connection.logged_out = true;
  const bool ends_task = opcode != Opcode::ready_to_transfer &&
                         !(opcode == Opcode::data_in && arrival.field("S") == 0) &&
                         opcode != Opcode::login_response &&
                         !(opcode == Opcode::text_response && arrival.field("F") == 0);
  if (ends_task) session.tasks.erase(arrival.tag());
}

void Initiator::understand_login(Connection& connection, Arrival& arrival) {
  if (connection.in_full_feature() || arrival.field("Status") != 0) return;
  const bool transit = arrival.field("T") != 0;
  const Stage stage = stage_of(arrival.field("CSG"));
  const bool goes_on = arrival.field("C") != 0;
  connection.talk.response(stage, goes_on, transit, arrival.data);
  if (!goes_on) arrival.text = connection.talk.answered();
  if (!transit) return;
  if (arrival.field("NSG") != 3) {
    connection.stage = Stage::operational;
    return;
  }
  Session& session = session_of(connection);
  connection.stage = Stage::full_feature;
  connection.agreed = connection.talk.parameters();
  session.tsih = iscsi::wire::Tsih{static_cast<std::uint16_t>(arrival.field("TSIH"))};
  session.tasks.erase(arrival.tag());
}

void Initiator::ended(Connection& connection, bool reset, std::uint64_t now_us) {
  if (connection.state != Connection::State::open) return;
  if (!connection.stream.empty()) {  // 10.2: cut in the middle of a PDU
    transcript_.push_back(
        {.kind = Record::Kind::unreadable,
         .connection = connection.number,
         .at_us = now_us,
         .bytes = connection.stream,
         .violation = iscsi::Violation{iscsi::Rule::pdu_is_complete, 0, connection.stream.size()}});
  }
  connection.state = Connection::State::ended;
  connection.reset = reset;
  note(reset ? Record::Kind::broken : Record::Kind::ended, connection, now_us);
}

}  // namespace conformance
