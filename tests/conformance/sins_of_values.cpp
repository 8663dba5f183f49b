/// What a target can do wrong in single values, in authentication, and in what it tells of names.

#include "conformance/sins.hpp"

namespace conformance {
namespace {

/// A Login Request that stays in its stage, and the answer to it.
Scene partial_exchange(Scene scene, LoginStage stage, const std::string& request,
                       const std::string& answer) {
  const auto stay = [&](auto& pdu) {
    pdu.transit = false;
    pdu.current_stage = stage;
    pdu.next_stage = {};
  };
  scene.say(changed<LoginRequest>(Scene::login_request(), stay), pairs(request));
  return scene.answer(changed<LoginResponse>(Scene::login_response(),
                                             [&](auto& pdu) {
                                               stay(pdu);
                                               pdu.tsih = iscsi::wire::Tsih::none;
                                             }),
                      pairs(answer));
}

/// The target proposes something of its own in the operational stage.
std::function<Scene()> proposing(const std::string& text) {
  return [=] {
    return partial_exchange(Scene{}, LoginStage::operational_negotiation, Scene::names(),
                            "TargetPortalGroupTag=1/" + text);
  };
}

/// The first step of `method`, as far as the target's answer.
std::function<Scene()> authenticating(const std::string& method, const std::string& request,
                                      const std::string& answer) {
  return [=] {
    const auto stage = LoginStage::security_negotiation;
    const Scene begun =
        partial_exchange(Scene{}, stage, Scene::names() + "AuthMethod=" + method + "/",
                         "TargetPortalGroupTag=1/AuthMethod=" + method + "/");
    return partial_exchange(begun, stage, request, answer);
  };
}

std::function<Scene()> challenging(const std::string& answer) {
  return authenticating("CHAP", "CHAP_A=5/", answer);
}

std::function<Scene()> telling_targets(const std::string& records) {
  return [=] {
    return acknowledged().say(ask(), pairs("SendTargets=All/")).answer(reply(), pairs(records));
  };
}

std::function<Scene()> telling_name(const std::string& name) {
  return telling_targets("TargetName=" + name + "/");
}

std::function<Scene()> telling_address(const std::string& address) {
  return telling_targets("TargetName=iqn.2003-01.example:t/TargetAddress=" + address + "/");
}

/// The device identification page with one SCSI name string.
Scene telling_port(const std::string& name, char association) {
  std::string page = pairs("//") + '\0' + static_cast<char>(4 + name.size());
  page[1] = '\x83';
  page += '\x53';
  page += association;
  page += '\0';
  page += static_cast<char>(name.size());
  page += name;
  ScsiCommand inquiry = Scene::read(static_cast<std::uint32_t>(page.size()));
  inquiry.cdb = {std::byte{0x12}, std::byte{1}, std::byte{0x83}};
  return acknowledged().say(inquiry).data_in(Scene::input(0, 0), page);
}

constexpr char port = '\x98';
constexpr char device = '\xa8';

}  // namespace

std::vector<Sin> sins_of_values() {
  return {
      {Rule::boolean_is_yes_or_no, proposing("InitialR2T=yes/")},
      {Rule::number_is_a_constant, proposing("MaxBurstLength=abc/")},
      {Rule::decimal_has_no_leading_zero, proposing("MaxBurstLength=0512/")},
      {Rule::number_below_two_to_64, proposing("MaxBurstLength=18446744073709551616/")},
      {Rule::range_ends_are_in_order, proposing("OFMarkInt=9~3/")},
      {Rule::extension_value_is_marked, proposing("HeaderDigest=MD5/")},
      {Rule::text_value_within_limit, proposing("HeaderDigest=Y-" + std::string(254, 'a') + "/")},
      {Rule::binary_is_a_constant, challenging("CHAP_A=5/CHAP_I=1/CHAP_C=secret/")},
      {Rule::decimal_binary_has_known_length, challenging("CHAP_A=5/CHAP_I=1/CHAP_C=123456/")},
      {Rule::base64_is_well_formed, challenging("CHAP_A=5/CHAP_I=1/CHAP_C=0bA/")},
      {Rule::binary_within_limit,
       challenging("CHAP_A=5/CHAP_I=1/CHAP_C=0x" + std::string(2050, 'a') + "/")},
      {Rule::extension_key_only_in_normal_session,
       [] {
         Scene scene;
         scene.say(Scene::login_request(),
                   pairs("InitiatorName=iqn.2003-01.example:i/SessionType=Discovery/"));
         return scene.answer(Scene::login_response(), pairs("X-a.b=1/"));
       }},
      {Rule::leading_only_key_is_on_leading_login,
       [] {
         Scene scene;
         scene.say(changed<LoginRequest>(Scene::login_request(),
                                         [](auto& pdu) { pdu.tsih = iscsi::wire::Tsih{7}; }),
                   Scene::names());
         return scene.answer(Scene::login_response(),
                             pairs("TargetPortalGroupTag=1/InitialR2T=Yes/"));
       }},
  };
}

std::vector<Sin> sins_of_authentication() {
  return {
      {Rule::authentication_step_has_its_keys, challenging("CHAP_A=5/CHAP_C=0x0102/")},
      {Rule::authentication_step_has_no_other_keys,
       challenging("CHAP_A=5/CHAP_I=1/CHAP_C=0x0102/CHAP_N=target/")},
      {Rule::chap_identifier_is_one_byte, challenging("CHAP_A=5/CHAP_I=256/CHAP_C=0x0102/")},
      {Rule::srp_group_is_allowed, authenticating("SRP", "SRP_U=user/TargetAuth=No/",
                                                  "SRP_GROUP=SRP-1536,SRP-512/SRP_s=0x01/")},
      {Rule::srp_1536_is_offered, authenticating("SRP", "SRP_U=user/TargetAuth=No/",
                                                 "SRP_GROUP=SRP-768,SRP-1024/SRP_s=0x01/")},
  };
}

std::vector<Sin> sins_of_discovery() {
  return {
      {Rule::send_targets_answer_has_records_only,
       telling_targets("TargetAddress=a,1/TargetName=iqn.2003-01.example:t/")},
      {Rule::target_address_has_its_form, telling_address("fe80::1:3260,1")},
      {Rule::target_address_has_tag_in_send_targets, telling_address("[fe80::1]:3260")},
      {Rule::iscsi_name_within_length,
       telling_name("iqn.2003-01.example:" + std::string(204, 'a'))},
      {Rule::iscsi_name_is_prepared, telling_name("iqn.2003-01.example:Disk")},
      {Rule::iscsi_name_type_is_defined, telling_name("disk.one")},
      {Rule::qualified_name_has_date, telling_name("iqn.2003-13.example:t")},
      {Rule::qualified_name_has_authority, telling_name("iqn.2003-01..example:t")},
      {Rule::eui_name_has_sixteen_digits, telling_name("eui.02004567A425678")},
      {Rule::naa_name_has_its_digits, telling_name("naa.52004567ba64678")},
      {Rule::port_name_is_made_of_target_name,
       [] { return telling_port("iqn.2003-01.example:u,t,0x0001", port); }},
      {Rule::port_name_is_made_of_target_name,
       [] { return telling_port("iqn.2003-01.example:t,t,0x0002", port); }},
      {Rule::port_name_is_made_of_target_name,
       [] { return telling_port("iqn.2003-01.example:t,t,0x0001", device); }},
  };
}

std::vector<std::function<Scene()>> sound_values() {
  return {
      proposing("HeaderDigest=CRC32C,Y-org.example.sum,None/"),
      proposing("MaxBurstLength=0x10000/"),
      challenging("CHAP_A=5/CHAP_I=0xff/CHAP_C=0b" + std::string(8, 'A') + "/"),
      challenging("CHAP_A=Reject/"),
      authenticating("SRP", "SRP_U=user/TargetAuth=No/",
                     "SRP_GROUP=SRP-1536,MODP-8192/SRP_s=0x01/"),
      telling_name("eui.02004567A425678D"),
      telling_name("naa.52004567ba64678d"),
      telling_name("iqn.2001-04.com.example:storage:disk.2"),
      telling_address("storage.example,1"),
      telling_address("10.0.0.1:3260,0x1"),
      telling_address("[fe80::1]:3260,65535"),
      telling_targets(""),
      telling_targets("SendTargets=Reject/"),
      [] { return telling_port("iqn.2003-01.example:t,t,0x0001", port); },
      [] { return telling_port("iqn.2003-01.example:t", device); },
  };
}

}  // namespace conformance
