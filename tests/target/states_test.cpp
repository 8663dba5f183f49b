/// Every state of a connection (RFC 3720 7.1) with every operation code: what comes of it is
/// defined. A state that is not full feature phase is in `sessions_test.cpp`.

#include "target/harness.hpp"

namespace iscsi::harness {
namespace {

enum class Where : std::uint8_t { connected, logging_in, logged_in, discovery, asked_to_leave };
constexpr auto everywhere =
    std::to_array<Where>({Where::connected, Where::logging_in, Where::logged_in, Where::discovery,
                          Where::asked_to_leave});

void reach(Initiator& initiator, Where where) {
  switch (where) {
    case Where::connected: return;
    case Where::logging_in:
      initiator.send_as_is(
          pdu::LoginRequest{.current_stage = pdu::LoginStage::security_negotiation,
                            .isid = initiator.isid,
                            .initiator_task_tag = initiator.new_tag()},
          wire::as_bytes(std::string_view{
              "InitiatorName=iqn.2004-04.com.example:h\0SessionType=Discovery\0", 62}));
      initiator.only<pdu::LoginResponse>();
      return;
    case Where::logged_in: ASSERT_TRUE(initiator.log_in()); return;
    case Where::discovery: ASSERT_TRUE(initiator.log_in_for_discovery()); return;
    case Where::asked_to_leave:
      ASSERT_TRUE(initiator.log_in());
      initiator.world().target.shut_down(initiator.world().now, 5);
      initiator.only<pdu::AsyncMessage>();
  }
}

/// How a request was received, in one word.
std::string outcome(Initiator& initiator) {
  const Disposition disposition = initiator.world().target.disposition(initiator.id);
  std::string words;
  for (const Received& received : initiator.take()) {
    if (!words.empty()) words += " + ";
    if (const auto* reject = received.as<pdu::Reject>())
      words += "Reject " + std::to_string(std::to_underlying(reject->reason));
    else if (const auto* login = received.as<pdu::LoginResponse>())
      words += "status " + test::to_hex(pdu::encode_header(*login, {})).substr(72, 4);
    else
      words += std::visit([]<class P>(const P&) { return std::string{P::name}; }, received.pdu);
  }
  if (disposition == Disposition::close_now) words += words.empty() ? "end" : " + end";
  if (disposition == Disposition::close_when_sent) words += " + close";
  return words.empty() ? "silence" : words;
}

struct Row {
  std::string_view name;
  Bytes (*request)(Initiator&);
  std::array<std::string_view, 5> outcomes;  ///< by `Where`
};

template <class P>
Bytes tagged(Initiator& initiator, P pdu) {
  if constexpr (requires { pdu.immediate; }) pdu.immediate = true;
  pdu.initiator_task_tag = initiator.new_tag();
  return initiator.bytes_of(pdu);
}

constexpr std::string_view bad = "status 020b + close";
const auto rows = std::to_array<Row>({
    {"NOP-Out",
     [](Initiator& i) { return tagged(i, pdu::NopOut{}); },
     {"end", bad, "NOP-In", "Reject 5", "NOP-In"}},
    {"SCSI Command",
     [](Initiator& i) { return tagged(i, without_data(i, test_unit_ready)); },
     {"end", bad, "SCSI Response", "Reject 5", "Reject 12"}},
    {"Task Management",
     [](Initiator& i) {
       return tagged(i, pdu::TaskManagementRequest{
                            .function = pdu::TaskManagementFunction::logical_unit_reset});
     },
     {"end", bad, "Task Management Function Response", "Reject 5",
      "Task Management Function Response"}},
    {"Text",
     [](Initiator& i) { return tagged(i, pdu::TextRequest{}); },
     {"end", bad, "Text Response", "Text Response", "Text Response"}},
    {"Data-Out",
     [](Initiator& i) { return tagged(i, pdu::DataOut{}); },
     {"end", bad, "Reject 9", "Reject 5", "Reject 9"}},
    {"Logout",
     [](Initiator& i) { return tagged(i, pdu::LogoutRequest{}); },
     {"end", bad, "Logout Response + close", "Logout Response + close", "Logout Response + close"}},
    {"SNACK",
     [](Initiator& i) { return i.bytes_of(pdu::SnackRequest{.type = pdu::SnackType::status}); },
     {"end", bad, "Reject 3", "Reject 5", "Reject 3"}},
    {"Login",
     [](Initiator& i) {
       return pdu::encode(pdu::LoginRequest{.current_stage = pdu::LoginStage::security_negotiation,
                                            .isid = i.isid,
                                            .initiator_task_tag = InitiatorTaskTag{1}},
                          wire::as_bytes(std::string_view{"AuthMethod=None\0", 16}));
     },
     {"status 0207 + close", "status 0000", "Reject 4", "Reject 4", "Reject 4"}},
    {"reserved",
     [](Initiator&) { return hex("4780" + std::string(92, '0')); },
     {"end", bad, "Reject 4", "Reject 4", "Reject 4"}},
    {"vendor specific",
     [](Initiator&) { return hex("5c80" + std::string(92, '0')); },
     {"end", bad, "Reject 5", "Reject 5", "Reject 5"}},
    {"a target's",
     [](Initiator&) { return hex("3f80" + std::string(92, '0')); },
     {"end", bad, "Reject 4", "Reject 4", "Reject 4"}},
});

TEST(States, HaveAnAnswerToEveryRequest) {
  for (const Row& row : rows)
    for (const Where where : everywhere) {
      SCOPED_TRACE(testing::Message() << row.name << " in state " << static_cast<int>(where));
      World world;
      Initiator initiator{world};
      reach(initiator, where);
      static_cast<void>(world.put(initiator.id, row.request(initiator)));
      EXPECT_EQ(outcome(initiator), row.outcomes[static_cast<std::size_t>(where)]);
    }
}

TEST(States, SurviveEveryOperationCodeInEveryGarb) {
  for (const Where where : everywhere)
    for (unsigned first = 0; first < 256; ++first)
      for (const char* rest : {"80", "00", "ff", "c1"})
        for (const char fill : {'0', 'f', '5'}) {
          World world;
          Initiator initiator{world};
          reach(initiator, where);
          Bytes bytes = hex("00" + std::string{rest} + std::string(4, fill) + "00000000" +
                            std::string(84, fill));
          bytes[0] = static_cast<std::byte>(first);
          bytes.resize(48);
          static_cast<void>(world.put(initiator.id, bytes));
          static_cast<void>(world.put(initiator.id, hex(std::string(96, '0'))));
          static_cast<void>(world.take(initiator.id));
          world.close(initiator.id);
          world.wait(30'000);
          EXPECT_EQ(world.target.connection_count(), 0U);
          EXPECT_EQ(world.target.session_count(), 0U);
        }
}

TEST(States, SurviveLengthsThatAreTooLong) {
  for (const Where where : everywhere)
    for (const char* lengths : {"ff000000", "00ffffff", "00040001", "01000000", "3f001000"})
      for (unsigned opcode = 0; opcode < 8; ++opcode) {
        World world;
        Initiator initiator{world};
        reach(initiator, where);
        Bytes bytes = hex("00800000" + std::string{lengths} + std::string(80, '0'));
        bytes[0] = static_cast<std::byte>(opcode);
        bytes.resize(48 + 2000);
        static_cast<void>(world.put(initiator.id, bytes));
        static_cast<void>(world.take(initiator.id));
        world.close(initiator.id);
      }
}

}  // namespace
}  // namespace iscsi::harness
