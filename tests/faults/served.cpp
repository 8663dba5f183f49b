#include "faults/served.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <fstream>
#include <iterator>
#include <map>

#include "faults/failing_new.hpp"
#include "login/chap.hpp"
#include "pdu/codec.hpp"
#include "server/assemble.hpp"
#include "server/media.hpp"
#include "text/grammar.hpp"

namespace iscsi::faults {
namespace {

constexpr auto target_name = "iqn.2004-04.com.example:disk";
constexpr auto account_name = "somebody";
constexpr auto account_secret = "a secret of enough bytes";
constexpr std::size_t block_bytes = 512;

iscsi::Configuration configuration_of(bool with_chap) {
  server::Configuration told;
  told.target_name = target_name;
  if (with_chap) told.chap.push_back({.name = account_name, .secret = account_secret});
  auto made = server::target_configuration(told);
  if (!made) throw std::runtime_error(made.error());
  return *std::move(made);
}

/// A socket on which nothing waits for ever.
class Line {
 public:
  explicit Line(std::uint16_t port) : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_open_ = ::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&address),
                         sizeof address) == 0;
  }

  void send(ByteView bytes) {
    while (is_open_ && !bytes.empty()) {
      const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        is_open_ = false;
      else
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }

  /// The next PDU; none at the end of the connection, or if nothing comes.
  std::optional<Bytes> receive() {
    Bytes pdu(pdu::bhs_bytes);
    if (!fill(pdu)) return std::nullopt;
    const pdu::Lengths lengths = pdu::lengths_of(std::span<const std::byte, pdu::bhs_bytes>{pdu});
    Bytes rest(lengths.additional_headers + lengths.data + wire::padding(lengths.data));
    if (!fill(rest)) return std::nullopt;
    pdu.insert(pdu.end(), rest.begin(), rest.end());
    return pdu;
  }
  [[nodiscard]] bool hung() const { return hung_; }

 private:
  bool fill(std::span<std::byte> room) {
    while (!room.empty()) {
      const ssize_t got = ::recv(socket_.number(), room.data(), room.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) hung_ = true;
      if (got <= 0) return false;
      room = room.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

  server::Descriptor socket_;
  bool is_open_ = false;
  bool hung_ = false;
};

/// Says its part, step by step. Each step is false at the end of the connection.
class Speaker {
 public:
  explicit Speaker(std::uint16_t port) : line_{port} {}

  bool log_in(bool with_chap) {
    const std::string names = std::string{"InitiatorName=iqn.2004-04.com.example:host;"} +
                              "TargetName=" + target_name + ";SessionType=Normal;";
    if (with_chap && !(authenticate(names))) return false;
    return ask_for_login(1, 3,
                         (with_chap ? "" : names) +
                             "InitialR2T=Yes;ImmediateData=Yes;MaxRecvDataSegmentLength=512;");
  }

  bool command(const std::string& what, std::initializer_list<int> cdb,
               std::uint32_t expected = 0) {
    return exchange(what, cdb, expected, {}, 0);
  }
  /// `immediate`: so many bytes go with the command, the others when they are asked for.
  bool write(const std::string& what, std::initializer_list<int> cdb, const Bytes& data,
             std::size_t immediate) {
    if (!exchange(what, cdb, static_cast<std::uint32_t>(data.size()), data, immediate))
      return false;
    const bool stores = *cdb.begin() != 0x2f;
    if (stores && seen_.answers.back().status == 0)
      seen_.acknowledged.push_back(
          {.lba = static_cast<std::uint32_t>(*(cdb.begin() + 5)), .data = data});
    return true;
  }

  template <class P>
  bool ask(P pdu, std::string_view text = {}) {
    send(pdu, wire::as_bytes(text));
    return receive().has_value();
  }

  bool log_out() {
    send(pdu::LogoutRequest{.initiator_task_tag = wire::InitiatorTaskTag{next_tag_++}});
    seen_.complete = receive().has_value() && !line_.receive();
    return seen_.complete;
  }

  Experience experience() {
    seen_.hung = line_.hung();
    return std::move(seen_);
  }

  wire::InitiatorTaskTag new_tag() { return wire::InitiatorTaskTag{next_tag_++}; }

 private:
  bool authenticate(const std::string& names) {
    if (!ask_for_login(0, 0, names + "AuthMethod=CHAP;") || !ask_for_login(0, 0, "CHAP_A=5;"))
      return false;
    const auto keys = keys_of(seen_.pdus.back());
    const auto identifier = keys.find("CHAP_I");
    const auto challenge = keys.find("CHAP_C");
    if (identifier == keys.end() || challenge == keys.end()) return false;
    const auto response = login::chap::respond(
        login::chap::Algorithm::md5, static_cast<std::uint8_t>(std::stoul(identifier->second)),
        wire::as_bytes(std::string_view{account_secret}), bytes_of(challenge->second));
    if (!response) return false;
    std::string digits = "0x";
    for (const std::byte byte : response->view()) {
      digits += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U];
      digits += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 0xfU];
    }
    return ask_for_login(0, 1, std::string{"CHAP_N="} + account_name + ";CHAP_R=" + digits + ";");
  }

  static Bytes bytes_of(const std::string& hexadecimal) {
    Bytes bytes;
    for (std::size_t i = 2; i + 1 < hexadecimal.size(); i += 2)
      bytes.push_back(static_cast<std::byte>(std::stoul(hexadecimal.substr(i, 2), nullptr, 16)));
    return bytes;
  }

  static std::map<std::string, std::string> keys_of(ByteView pdu) {
    std::map<std::string, std::string> keys;
    std::string text{wire::as_text(pdu.subspan(pdu::bhs_bytes))};
    for (std::size_t at = 0; at < text.size();) {
      const std::string pair = text.c_str() + at;
      at += pair.size() + 1;
      if (const std::size_t equals = pair.find('='); equals != std::string::npos)
        keys[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    return keys;
  }

  /// `pairs`: each ends in ';', which stands for its null byte. True if the login goes on.
  bool ask_for_login(int from, int to, std::string pairs) {
    for (char& character : pairs)
      if (character == ';') character = '\0';
    pdu::LoginRequest pdu{.transit = from != to,
                          .current_stage = static_cast<pdu::LoginStage>(from),
                          .next_stage = static_cast<pdu::LoginStage>(to),
                          .isid = wire::Isid{0x0002'3d00'0001},
                          .cmd_sn = cmd_sn_};
    send(pdu, wire::as_bytes(pairs));
    const auto answer = receive();
    if (!answer) return false;
    const auto decoded = decode(*answer);
    const auto* response = std::get_if<pdu::LoginResponse>(&decoded);
    return response != nullptr && wire::load<1>(*answer, 36) == 0;  // Status-Class
  }

  bool exchange(const std::string& what, std::initializer_list<int> cdb, std::uint32_t expected,
                const Bytes& data, std::size_t immediate) {
    pdu::ScsiCommand pdu{.read = expected != 0 && data.empty(),
                         .write = !data.empty(),
                         .attribute = pdu::TaskAttribute::simple,
                         .initiator_task_tag = new_tag(),
                         .expected_data_transfer_length = expected};
    for (std::size_t i = 0; const int byte : cdb) pdu.cdb.at(i++) = static_cast<std::byte>(byte);
    send(pdu, ByteView{data}.first(immediate));
    return hear_out(what, pdu.initiator_task_tag, data);
  }

  /// Everything up to the command's status; data that is asked for is given.
  bool hear_out(const std::string& what, wire::InitiatorTaskTag tag, const Bytes& data) {
    while (const auto answer = receive()) {
      const auto decoded = decode(*answer);
      if (const auto* r2t = std::get_if<pdu::ReadyToTransfer>(&decoded)) {
        const ByteView wanted =
            ByteView{data}.subspan(r2t->buffer_offset, r2t->desired_data_transfer_length);
        send(pdu::DataOut{.final = true,
                          .initiator_task_tag = tag,
                          .target_transfer_tag = r2t->target_transfer_tag,
                          .buffer_offset = r2t->buffer_offset},
             wanted);
      } else if (const auto* in = std::get_if<pdu::DataIn>(&decoded)) {
        if (!in->has_status) continue;
        seen_.answers.push_back({.to = what, .status = in->status});
        return true;
      } else if (std::holds_alternative<pdu::ScsiResponse>(decoded)) {
        note_response(what, *answer);
        return true;
      } else {
        ADD_FAILURE() << what << ": not an answer";
        return false;
      }
    }
    return false;
  }

  void note_response(const std::string& what, ByteView pdu) {
    Answer answer{.to = what, .status = static_cast<std::uint8_t>(wire::load<1>(pdu, 3))};
    constexpr std::size_t sense = pdu::bhs_bytes + 2;  // behind SenseLength; fixed format
    if (pdu.size() > sense + 13) {
      answer.sense_key = static_cast<std::uint8_t>(wire::load<1>(pdu, sense + 2) & 0xfU);
      answer.additional_sense = static_cast<std::uint16_t>(wire::load<2>(pdu, sense + 12));
    }
    seen_.answers.push_back(answer);
  }

  template <class P>
  void send(P pdu, ByteView data = {}) {
    if constexpr (requires { pdu.cmd_sn; }) pdu.cmd_sn = cmd_sn_;
    if constexpr (requires { pdu.immediate; })
      if (!pdu.immediate) ++cmd_sn_;
    pdu.exp_stat_sn = exp_stat_sn_;
    line_.send(pdu::encode(pdu, data));
  }

  std::optional<Bytes> receive() {
    auto pdu = line_.receive();
    if (!pdu) return pdu;
    seen_.pdus.push_back(*pdu);
    const auto opcode = static_cast<pdu::Opcode>(wire::load<1>(*pdu, 0));
    const bool has_status = opcode != pdu::Opcode::ready_to_transfer &&
                            (opcode != pdu::Opcode::data_in || (wire::load<1>(*pdu, 1) & 1U) != 0);
    if (has_status)
      exp_stat_sn_ = wire::StatSN{static_cast<std::uint32_t>(wire::load<4>(*pdu, 24) + 1)};
    return pdu;
  }

  static pdu::TargetPdu decode(ByteView pdu) {
    const auto framing = pdu::next_frame(pdu, {.data = std::size_t{1} << 16U});
    const auto decoded = pdu::decode_response(std::get<pdu::Framed>(framing).frame);
    return decoded ? *decoded : pdu::TargetPdu{pdu::Reject{}};
  }

  Line line_;
  wire::CmdSN cmd_sn_{1};
  wire::StatSN exp_stat_sn_{};
  std::uint32_t next_tag_ = 1;
  Experience seen_;
};

}  // namespace

const FileCalls& quick_calls() {
  static constexpr FileCalls calls{
      .read = ::pread,
      .write = [](int file, const iovec* from, int count, off_t at,
                  int) { return ::pwritev2(file, from, count, at, 0); },
      .flush = [](int) { return 0; }};
  return calls;
}

Served::Served(const std::string& path, const Options& options) {
  auto device =
      server::FileDevice::open(path, {.size_bytes = unit_blocks * block_bytes}, *options.calls);
  if (!device) throw std::runtime_error(device.error());
  device_ = *std::move(device);
  auto listeners = server::listen_on({.host = "127.0.0.1", .port = 0});
  if (!listeners) throw std::runtime_error(listeners.error());
  port_ = listeners->front().portal.port;
  thread_ = std::thread{&Served::serve, this, configuration_of(options.with_chap),
                        *std::move(listeners), options.failing_allocation};
}

void Served::serve(iscsi::Configuration configuration, std::vector<server::Listener> listeners,
                   std::size_t failing_allocation) {
  fail_allocation(failing_allocation);
  try {
    server::Server server{std::move(configuration), {device_.get()}, std::move(listeners)};
    end_ = server.run(stop_) ? End::orderly : End::flush_failed;
  } catch (const std::bad_alloc&) {
    end_ = End::out_of_memory;
  } catch (const std::exception& error) {
    const bool is_chance = std::string_view{error.what()} == "no random bytes";
    end_ = is_chance ? End::no_random_bytes : End::other_exception;
  }
  allocations_ = faults::allocations();
  fail_allocation(0);
}

Served::End Served::end() {
  if (!thread_.joinable()) return end_;
  stop_ = 1;
  {
    const Line awake{port_};
  }  // it looks at the flag when something happens
  thread_.join();
  return end_;
}

Experience converse(std::uint16_t port, bool with_chap) {
  using server::testing::pattern;
  Speaker speaker{port};
  const bool whole =
      speaker.log_in(with_chap) && speaker.command(clears_attention, {0}) &&
      speaker.write("WRITE, durable", {0x2a, 8, 0, 0, 0, 1, 0, 0, 1}, pattern(512, 1), 512) &&
      speaker.write("WRITE, asked for", {0x2a, 0, 0, 0, 0, 4, 0, 0, 2}, pattern(1024, 2), 0) &&
      speaker.command("READ", {0x28, 0, 0, 0, 0, 4, 0, 0, 2}, 1024) &&
      speaker.command("SYNCHRONIZE CACHE", {0x35, 0, 0, 0, 0, 0, 0, 0, 0}) &&
      speaker.write("WRITE AND VERIFY", {0x2e, 2, 0, 0, 0, 9, 0, 0, 1}, pattern(512, 3), 512) &&
      speaker.write("VERIFY", {0x2f, 2, 0, 0, 0, 4, 0, 0, 2}, pattern(1024, 2), 1024) &&
      speaker.command("INQUIRY", {0x12, 1, 0x83, 0, 255, 0}, 255) &&
      speaker.command("MODE SENSE", {0x1a, 0, 0x3f, 0, 255, 0}, 255) &&
      speaker.ask(pdu::TextRequest{.final = true, .initiator_task_tag = speaker.new_tag()},
                  std::string_view{"SendTargets=All\0", 16}) &&
      speaker.ask(
          pdu::TaskManagementRequest{.immediate = true,
                                     .function = pdu::TaskManagementFunction::logical_unit_reset,
                                     .initiator_task_tag = speaker.new_tag()}) &&
      speaker.ask(pdu::NopOut{.immediate = true, .initiator_task_tag = speaker.new_tag()},
                  "ping") &&
      speaker.command(clears_attention, {0}) &&
      speaker.write("WRITE", {0x2a, 0, 0, 0, 0, 12, 0, 0, 1}, pattern(512, 4), 512) &&
      speaker.log_out();
  static_cast<void>(whole);  // the experience says so, too
  return speaker.experience();
}

void expect_nothing_lost(const std::string& path, const Experience& experience) {
  std::ifstream file(path, std::ios::binary);
  const std::string contents{std::istreambuf_iterator<char>{file}, {}};
  for (const Written& written : experience.acknowledged)
    EXPECT_EQ(contents.substr(written.lba * block_bytes, written.data.size()),
              wire::as_text(written.data))
        << "acknowledged and lost: block " << written.lba;
}

}  // namespace iscsi::faults
