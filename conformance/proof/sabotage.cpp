#include "conformance/proof/sabotage.hpp"

#include <algorithm>
#include <utility>

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::wire::Bytes;
using iscsi::wire::ByteView;

namespace {

constexpr std::uint64_t full_feature_code = 3;

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace

void Ear::hear(const Parcel& parcel) {
  if (full_feature_) return;
  const Stage stage = parcel.field("CSG") == 0 ? Stage::security : Stage::operational;
  const bool continued = parcel.field("C") != 0;
  if (parcel.opcode() == Opcode::login_request) talk_.request(stage, continued, parcel.data);
  if (parcel.opcode() != Opcode::login_response || parcel.field("Status") != 0) return;
  const bool transit = parcel.field("T") != 0;
  talk_.response(stage, continued, transit, parcel.data);
  full_feature_ = transit && parcel.field("NSG") == full_feature_code;
  if (full_feature_)
    digests_ = {.header = talk_.parameters().header_digest, .data = talk_.parameters().data_digest};
}

std::optional<std::string> Sabotage::refusal() const {
  if (dead_) return "connection refused";
  return std::nullopt;
}

void Sabotage::opened(ConnectionNumber connection) {
  lines_[connection] = Line{};
  lines_[connection].number = ++opened_;
}

/// Lets every strike have its go at the PDU; false if none of them is meant for it.
bool Sabotage::strike(Line& line, Passage& passage) {
  const Parcel original = passage.on.front();
  bool struck = false;
  for (std::size_t i = 0; i < strikes_.size(); ++i) {
    if (!strikes_[i].when.fits(original, line.number)) continue;
    if (!strikes_[i].when.counts(++seen_[i])) continue;
    strikes_[i].what(passage);
    struck = true;
  }
  struck_ += struck ? 1 : 0;
  line.stays = line.stays || passage.stays;
  dead_ = dead_ || passage.dies;
  return struck;
}

Sabotage::Delivery Sabotage::request(ConnectionNumber connection, ByteView bytes) {
  Line& line = lines_[connection];
  auto parcel = open_parcel(bytes, line.initiator.digests());
  if (!parcel) return {.on = {{bytes.begin(), bytes.end()}}, .back = {}};
  line.initiator.hear(*parcel);
  note_request(line, *parcel);
  Passage passage{.on = {*parcel}, .back = {}, .later = {}};
  std::vector<Parcel> held = std::exchange(line.later_on, {});
  const bool renumbered = line.next_shown != line.next_sent;
  const bool resealed = line.initiator.digests() != line.target.digests();
  if (!strike(line, passage) && !renumbered && !resealed) {
    line.target.hear(*parcel);
    Delivery delivery{.on = {{bytes.begin(), bytes.end()}}, .back = {}};
    for (Parcel& one : held) delivery.on.push_back(to_target(line, std::move(one)));
    return delivery;
  }
  line.later_on = std::move(passage.later);
  Delivery delivery{.on = {}, .back = {}, .ends = passage.ends};
  for (auto* parcels : {&passage.on, &held})
    for (Parcel& one : *parcels) {
      delivery.on.push_back(to_target(line, std::move(one)));
      HeaderBytes changed{};
      if (delivery.on.back().size() < bhs_bytes) continue;
      std::ranges::copy(ByteView{delivery.on.back()}.first<bhs_bytes>(), changed.begin());
      line.originals.insert_or_assign(changed, parcel->header);
    }
  for (Parcel& one : passage.back) append(delivery.back, to_initiator(line, std::move(one)));
  return delivery;
}

/// A command that is next in order is acknowledged by whatever comes back from now on.
void Sabotage::note_request(Line& line, const Parcel& parcel) {
  const bool immediate = parcel.field("I") != 0 || parcel.field("CmdSN") != line.exp_cmd_sn;
  if (!immediate && parcel.opcode() != Opcode::login_request) ++line.exp_cmd_sn;
}

Sabotage::Delivery Sabotage::response(ConnectionNumber connection, ByteView bytes) {
  Line& line = lines_[connection];
  if (line.unreadable) return {.on = {{bytes.begin(), bytes.end()}}, .back = {}};
  append(line.stream, {bytes.begin(), bytes.end()});
  Delivery delivery;
  while (!delivery.ends) {
    const auto framing = next_frame(
        line.stream, {.data = iscsi::limits::data_segment_bytes, .digests = line.target.digests()});
    if (std::holds_alternative<Incomplete>(framing)) break;
    const auto* framed = std::get_if<Framed>(&framing);
    if (framed == nullptr) {
      line.unreadable = true;
      delivery.on.push_back(std::exchange(line.stream, {}));
      break;
    }
    const Parcel parcel = open_parcel(framed->frame);
    line.stream.erase(line.stream.begin(),
                      line.stream.begin() + static_cast<std::ptrdiff_t>(framed->consumed));
    line.target.hear(parcel);
    if (uses_stat_sn(parcel))
      line.next_sent = static_cast<std::uint32_t>(parcel.field("StatSN") + 1);
    line.exp_cmd_sn = parcel.field("ExpCmdSN");
    line.max_cmd_sn = parcel.field("MaxCmdSN");
    Passage passage{.on = {parcel}, .back = {}, .later = {}};
    std::vector<Parcel> held = std::exchange(line.later_back, {});
    (void)strike(line, passage);
    line.later_back = std::move(passage.later);
    for (auto* parcels : {&passage.on, &held})
      for (Parcel& one : *parcels) delivery.on.push_back(to_initiator(line, std::move(one)));
    delivery.ends = passage.ends;
  }
  return delivery;
}

Bytes Sabotage::rest(ConnectionNumber connection) {
  Line& line = lines_[connection];
  Bytes bytes;
  for (Parcel& one : std::exchange(line.later_back, {}))
    append(bytes, to_initiator(line, std::move(one)));
  append(bytes, std::exchange(line.stream, {}));
  return bytes;
}

Bytes Sabotage::to_target(Line& line, Parcel parcel) {
  if (line.next_sent && line.next_shown)
    parcel.set("ExpStatSN", parcel.field("ExpStatSN") + *line.next_sent - *line.next_shown);
  const Digests digests = line.target.digests();
  line.target.hear(parcel);
  return seal(parcel, digests);
}

Bytes Sabotage::to_initiator(Line& line, Parcel parcel) {
  if (parcel.forged) {
    parcel.set("ExpCmdSN", line.exp_cmd_sn);
    parcel.set("MaxCmdSN", line.max_cmd_sn);
  }
  if (shows_stat_sn(parcel) && !parcel.keeps_stat_sn && line.next_shown)
    parcel.set("StatSN", *line.next_shown);
  if (uses_stat_sn(parcel))
    line.next_shown = static_cast<std::uint32_t>(parcel.field("StatSN") + 1);
  if (parcel.opcode() == Opcode::reject && parcel.data.size() >= bhs_bytes) {
    HeaderBytes refused{};
    std::ranges::copy(ByteView{parcel.data}.first<bhs_bytes>(), refused.begin());
    if (const auto original = line.originals.find(refused); original != line.originals.end())
      std::ranges::copy(original->second, parcel.data.begin());
  }
  const Digests digests = line.initiator.digests();
  line.initiator.hear(parcel);
  return seal(parcel, digests);
}

}  // namespace conformance::proof
