#include "tools/seed.hpp"

/// Small capture files: the conversations that a reader has to put together in its several ways.

namespace iscsi::fuzz {
namespace {

using wire::Bytes;
using wire::ByteView;

void put(Bytes& out, std::uint64_t value, std::size_t bytes) {
  out.resize(out.size() + bytes);
  wire::store_big(std::span{out}.last(bytes), value);
}
void put_little(Bytes& out, std::uint64_t value, std::size_t bytes) {
  for (; bytes > 0; --bytes, value >>= 8U) out.push_back(static_cast<std::byte>(value));
}
void put(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

/// A connection from port 49152 to 3260, raw IP packets in a classic pcap file.
class Tap {
 public:
  explicit Tap(bool v6 = false) : v6_{v6} {
    put(file_, 0xd4c3'b2a1'0200'0400, 8);
    put(file_, 0, 8);
    put_little(file_, 65535, 4);
    put_little(file_, 101, 4);  // raw IP
  }
  Tap& opens() {
    segment(true, syn, {});
    ++sequence_[0];
    segment(false, syn | ack, {});
    ++sequence_[1];
    return *this;
  }
  Tap& sends(ByteView data) { return says(true, data); }
  Tap& answers(ByteView data) { return says(false, data); }
  /// Bytes that the capture lacks.
  Tap& misses(bool from_initiator, std::size_t bytes) {
    sequence_[from_initiator ? 0 : 1] += static_cast<std::uint32_t>(bytes);
    return *this;
  }
  Tap& ends() {
    segment(false, fin | ack, {});
    segment(true, rst | ack, {});
    return *this;
  }
  operator Bytes() const { return file_; }  // NOLINT(google-explicit-constructor)

 private:
  static constexpr unsigned fin = 1, syn = 2, rst = 4, ack = 16;

  Tap& says(bool from_initiator, ByteView data) {
    segment(from_initiator, ack, data);
    return misses(from_initiator, data.size());
  }
  void segment(bool from_initiator, unsigned flags, ByteView data) {
    Bytes packet;
    const std::size_t tcp = 20 + data.size();
    if (v6_) {
      put(packet, 0x6000'0000, 4);
      put(packet, tcp, 2);
      put(packet, 0x0640, 2);
      for (const bool first : {from_initiator, !from_initiator}) {
        put(packet, 0x2001'0db8'0000'0000, 8);
        put(packet, first ? 1 : 2, 8);
      }
    } else {
      put(packet, 0x4500, 2);
      put(packet, 20 + tcp, 2);
      put(packet, 0x0000'0000'4006'0000, 8);
      for (const bool first : {from_initiator, !from_initiator})
        put(packet, first ? 0xc000'0201 : 0xc000'0202, 4);
    }
    put(packet, from_initiator ? 0xc000'0cbc : 0x0cbc'c000, 4);
    put(packet, sequence_[from_initiator ? 0 : 1], 4);
    put(packet, sequence_[from_initiator ? 1 : 0], 4);
    put(packet, 0x5000U | flags, 2);
    put(packet, 0xffff'0000'0000, 6);
    put(packet, data);
    put_little(file_, 1, 4);
    put_little(file_, ++packets_, 4);
    put_little(file_, packet.size(), 4);
    put_little(file_, packet.size(), 4);
    put(file_, packet);
  }

  Bytes file_;
  bool v6_;
  std::uint32_t packets_ = 0;
  std::array<std::uint32_t, 2> sequence_{0xffff'ff00, 1000};
};

Bytes login() { return Stream::logged_in(); }

Bytes login_answer(std::string_view keys = "") {
  const std::string text = pairs(keys);
  return pdu::encode(pdu::LoginResponse{.transit = true,
                                        .current_stage = pdu::LoginStage::operational_negotiation,
                                        .next_stage = pdu::LoginStage::full_feature_phase},
                     wire::as_bytes(text));
}
Bytes command() { return Stream{}.command({0x28, 0, 0, 0, 0, 0, 0, 0, 1}, {.in = 512}); }
Bytes data_in() {
  return pdu::encode(
      pdu::DataIn{
          .final = true, .has_status = true, .initiator_task_tag = wire::InitiatorTaskTag{1}},
      Bytes(512, std::byte{0x5a}));
}

Bytes in_json() {
  return bytes_of_text(
      R"([{"_index":"x","_source":{"layers":{"frame_raw":["4500003000000000400600)"
      R"(00c0000201c0000202c0000cbc00000001000000005002ffff00000000",0,48,0,1],"frame":)"
      R"({"frame.encap_type":"7","frame.time_epoch":"1.5","frame.number":"1",)"
      R"("frame.len":"48"}}}}])");
}

}  // namespace

std::vector<Seed> capture_seeds() {
  const Bytes answer = data_in();
  const ByteView half = ByteView{answer}.first(200);
  return {
      {"capture", "read",
       Tap{}
           .opens()
           .sends(login())
           .answers(login_answer())
           .sends(command())
           .answers(answer)
           .ends()},
      {"capture", "midway",
       Tap{true}.answers(half).sends(command()).answers(answer).sends(command()).answers(answer)},
      {"capture", "hole",
       Tap{}
           .sends(login())
           .answers(login_answer())
           .answers(half)
           .misses(false, answer.size() - half.size())
           .sends(command())
           .answers(answer)},
      {"capture", "loss",
       Tap{}
           .sends(login())
           .answers(login_answer())
           .misses(true, 48)
           .sends(command())
           .answers(answer)
           .sends(command())},
      {"capture", "no-answer",  // what waits for the login's answer came before the end
       Tap{}
           .opens()
           .sends(login())
           .answers(Bytes(8, std::byte{0xff}))
           .sends(command())
           .answers(Bytes(16, std::byte{0xff}))
           .ends()},
      {"capture", "json", in_json()},
  };
}

}  // namespace iscsi::fuzz
