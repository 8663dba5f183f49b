#include "text/negotiate.hpp"

#include "text/one_key.hpp"

namespace iscsi::text {
namespace {

/// The rule because of which a proposal was answered Reject.
Rule finding(Key key, std::string_view offered, const Policy& policy = {}) {
  const KeySpec& spec = about(key);
  const auto answer =
      negotiate(spec, {.key = spec.name, .value = offered, .byte = 0}, policy, {.values = {}});
  EXPECT_TRUE(answer && answer->finding && answer->text == "Reject") << spec.name << offered;
  return answer.value().finding.value().rule;
}

// Numbers: each key, each edge.

TEST(NumericalKey, TakesBothEndsOfItsRangeAndNothingBeyond) {
  for (const KeySpec& key : keys()) {
    if (key.kind != Kind::numerical || key.declarative) continue;
    const auto offered = [&key](const std::string& value) {
      return outcome(key.key, value, yielding(), free_values());
    };
    EXPECT_EQ(offered(number(key.least)), number(key.least)) << key.name;
    EXPECT_EQ(offered(number(key.most)), number(key.most)) << key.name;
    EXPECT_EQ(offered(number(key.most + 1)), "Reject") << key.name;
    EXPECT_EQ(offered("18446744073709551615"), "Reject") << key.name;
    if (key.least > 0) {
      EXPECT_EQ(offered(number(key.least - 1)), "Reject") << key.name;
      EXPECT_EQ(finding(key.key, number(key.least - 1), yielding()), Rule::proposal_is_admissible);
    }
    EXPECT_EQ(finding(key.key, number(key.most + 1)), Rule::proposal_is_admissible) << key.name;
  }
}

TEST(NumericalKey, IsReadInHexadecimalAndAnsweredInDecimal) {
  EXPECT_EQ(outcome(Key::max_burst_length, "0x400"), "1024");
  EXPECT_EQ(outcome(Key::max_burst_length, "0X0400"), "1024");
  EXPECT_EQ(outcome(Key::default_time2wait, "0x5"), "5");
  EXPECT_EQ(outcome(Key::max_connections, "0x0"), "Reject");
}

TEST(NumericalKey, AnswersRejectToWhatIsNoNumber) {
  for (const KeySpec& key : keys()) {
    if (key.kind != Kind::numerical || key.declarative) continue;
    for (const std::string_view garbage : {"", "abc", "-1", "1.5", "1,2", "Yes", "None", "0x",
                                           "0bAg==", "18446744073709551616", "01", "1~2", " 1"})
      EXPECT_EQ(outcome(key.key, garbage, yielding(), free_values()), "Reject")
          << key.name << '=' << garbage;
  }
  EXPECT_EQ(finding(Key::max_burst_length, "abc"), Rule::number_is_a_constant);
  EXPECT_EQ(finding(Key::max_burst_length, "01024"), Rule::decimal_has_no_leading_zero);
  EXPECT_EQ(finding(Key::max_burst_length, "18446744073709551616"), Rule::number_below_two_to_64);
}

TEST(MinimumKey, ComesToTheSmallerOfOfferAndWish) {
  Policy policy;
  policy.max_burst_length = 65536;
  EXPECT_EQ(outcome(Key::max_burst_length, "65535", policy), "65535");
  EXPECT_EQ(outcome(Key::max_burst_length, "65536", policy), "65536");
  EXPECT_EQ(outcome(Key::max_burst_length, "65537", policy), "65536");
  policy.max_connections = 4;
  EXPECT_EQ(outcome(Key::max_connections, "1", policy), "1");
  EXPECT_EQ(outcome(Key::max_connections, "65535", policy), "4");
  policy.default_time2retain = 7;
  EXPECT_EQ(outcome(Key::default_time2retain, "20", policy), "7");
  EXPECT_EQ(outcome(Key::default_time2retain, "0", policy), "0");
  policy.error_recovery_level = 1;
  EXPECT_EQ(outcome(Key::error_recovery_level, "2", policy), "1");
  policy.max_outstanding_r2t = 3;
  EXPECT_EQ(outcome(Key::max_outstanding_r2t, "8", policy), "3");
}

TEST(MaximumKey, ComesToTheLargerOfOfferAndWish) {
  Policy policy;
  policy.default_time2wait = 5;
  EXPECT_EQ(outcome(Key::default_time2wait, "0", policy), "5");
  EXPECT_EQ(outcome(Key::default_time2wait, "5", policy), "5");
  EXPECT_EQ(outcome(Key::default_time2wait, "3600", policy), "3600");
}

// Booleans: the whole truth table of each key.

TEST(BooleanKey, FollowsItsResultFunction) {
  struct Row {
    Key key;
    bool Policy::* wish;
    bool is_and;
  };
  for (const Row& row : {Row{Key::initial_r2t, &Policy::initial_r2t, false},
                         Row{Key::immediate_data, &Policy::immediate_data, true},
                         Row{Key::data_pdu_in_order, &Policy::data_pdu_in_order, false},
                         Row{Key::data_sequence_in_order, &Policy::data_sequence_in_order, false},
                         Row{Key::if_marker, &Policy::if_marker, true},
                         Row{Key::of_marker, &Policy::of_marker, true}})
    for (const bool offered : {false, true})
      for (const bool wish : {false, true}) {
        Policy policy;
        policy.*row.wish = wish;
        const bool result = row.is_and ? offered && wish : offered || wish;
        EXPECT_EQ(outcome(row.key, offered ? "Yes" : "No", policy), result ? "Yes" : "No")
            << about(row.key).name << offered << wish;
      }
}

TEST(BooleanKey, AnswersRejectToWhatIsNotYesOrNo) {
  for (const KeySpec& key : keys()) {
    if (key.kind != Kind::boolean) continue;
    for (const std::string_view garbage :
         {"", "yes", "no", "YES", "1", "0x1", "None", "Yes,No", "Maybe"})
      EXPECT_EQ(outcome(key.key, garbage), "Reject") << key.name << '=' << garbage;
  }
  EXPECT_EQ(finding(Key::initial_r2t, "yes"), Rule::boolean_is_yes_or_no);
}

TEST(BooleanKey, DeterminesItsResultAloneInTwoCases) {
  for (const KeySpec& key : keys()) {
    const bool yes = key.result == Result::logical_or;
    const bool no = key.result == Result::logical_and;
    EXPECT_EQ(determines_result(key, "Yes"), yes) << key.name;
    EXPECT_EQ(determines_result(key, "No"), no) << key.name;
  }
}

// Lists.

TEST(DigestKey, ComesToTheFirstOfTheListThatWeMayUse) {
  const Policy any, plain{.header_digest = {.none = true, .crc32c = false}},
      checked{.header_digest = {.none = false, .crc32c = true}},
      nothing{.header_digest = {.none = false, .crc32c = false}};
  const auto answer = [](std::string_view list, const Policy& policy) {
    return outcome(Key::header_digest, list, policy);
  };
  EXPECT_EQ(answer("None", any), "None");
  EXPECT_EQ(answer("CRC32C", any), "CRC32C");
  EXPECT_EQ(answer("None,CRC32C", any), "None");
  EXPECT_EQ(answer("CRC32C,None", any), "CRC32C");
  EXPECT_EQ(answer("CRC32C,None", plain), "None");
  EXPECT_EQ(answer("CRC32C", plain), "Reject");
  EXPECT_EQ(answer("None,CRC32C", checked), "CRC32C");
  EXPECT_EQ(answer("None", checked), "Reject");
  EXPECT_EQ(answer("None,CRC32C", nothing), "Reject");
  // The other digest has a policy of its own.
  EXPECT_EQ(outcome(Key::data_digest, "CRC32C", plain), "CRC32C");
}

TEST(DigestKey, SkipsWhatItDoesNotKnow) {
  EXPECT_EQ(outcome(Key::data_digest, "Y-com.example.sum,Y#sum,MD5,,CRC32C,None"), "CRC32C");
  EXPECT_EQ(outcome(Key::data_digest, "crc32c,CRC32c,none"), "Reject");
  EXPECT_EQ(finding(Key::data_digest, "MD5"), Rule::list_has_a_usable_value);
  EXPECT_EQ(finding(Key::data_digest, ""), Rule::list_has_a_usable_value);
  EXPECT_EQ(finding(Key::data_digest, "CRC 32"), Rule::text_value_has_its_characters);
}

TEST(DigestKey, DoesNotTakeAReservedWordForAValue) {
  EXPECT_EQ(outcome(Key::header_digest, "Reject,None"), "reserved-word-is-only-an-answer");
  EXPECT_EQ(outcome(Key::header_digest, "Irrelevant,CRC32C"), "reserved-word-is-only-an-answer");
}

// Ranges (A.3.2).

TEST(MarkerInterval, ComesToANumberWithinOfferAndWish) {
  Policy policy = yielding();
  policy.of_mark_int = {.low = 1000, .high = 4000};
  const auto answer = [&policy](std::string_view range) {
    return outcome(Key::of_mark_int, range, policy, free_values());
  };
  EXPECT_EQ(answer("1~65535"), "2048");  // the default, as it is in both ranges
  EXPECT_EQ(answer("2048"), "2048");
  EXPECT_EQ(answer("3000~5000"), "3000");
  EXPECT_EQ(answer("500~1500"), "1500");
  EXPECT_EQ(answer("4000~8000"), "4000");
  EXPECT_EQ(answer("1~1000"), "1000");
  EXPECT_EQ(answer("4001~8000"), "Reject");
  EXPECT_EQ(answer("1~999"), "Reject");
  EXPECT_EQ(answer("0x800~0x2000"), "2048");
  for (const std::string_view bad : {"0~5000", "1~65536", "0", "65536", "5~4", "a~b", "", "1~2~3"})
    EXPECT_EQ(answer(bad), "Reject") << bad;
  EXPECT_EQ(outcome(Key::if_mark_int, "4001~8000", policy, free_values()), "4001");
}

TEST(MarkerInterval, IfRejectedTurnsTheMarkersOfItsDirectionOff) {
  Parameters values = free_values();
  turn_markers_off(values, Key::of_mark_int);
  EXPECT_FALSE(values.connection.of_marker);
  EXPECT_TRUE(values.connection.if_marker);
  turn_markers_off(values, Key::if_mark_int);
  EXPECT_FALSE(values.connection.if_marker);
}

TEST(MarkerInterval, IfRejectedSaysWhichEndIsOutOfBounds) {
  const KeySpec& key = about(Key::of_mark_int);
  const auto found = [&key](std::string_view range) {
    const auto answer = negotiate(key, {.key = key.name, .value = range, .byte = 0}, yielding(),
                                  {.values = free_values()});
    return answer.value().finding.value();
  };
  EXPECT_EQ(found("0~65535"), (Violation{Rule::proposal_is_admissible, 10, 0}));
  EXPECT_EQ(found("1~65536"), (Violation{Rule::proposal_is_admissible, 10, 65536}));
  EXPECT_EQ(found("0~65536"), (Violation{Rule::proposal_is_admissible, 10, 0}));
}

TEST(MarkerInterval, IfRejectedForLyingBesideTheWishSaysWhereItBegins) {
  Policy policy = yielding();
  policy.of_mark_int = {.low = 1000, .high = 4000};
  const KeySpec& key = about(Key::of_mark_int);
  const auto answer = negotiate(key, {.key = key.name, .value = "4001~8000", .byte = 0}, policy,
                                {.values = free_values()});
  EXPECT_EQ(answer.value().finding, (Violation{Rule::proposal_is_admissible, 10, 4001}));
}

// Irrelevance.

TEST(IrrelevantKey, InADiscoverySessionIsAnsweredSoWhateverItsValue) {
  Parameters values;
  values.session.session_type = SessionType::discovery;
  for (const KeySpec& key : keys()) {
    if (!is_negotiated(key) || key.kind == Kind::range) continue;
    const std::string_view good = key.kind == Kind::list      ? "None"
                                  : key.kind == Kind::boolean ? "No"
                                                              : key.otherwise;
    const bool irrelevant = outcome(key.key, good, {}, values) == "Irrelevant";
    EXPECT_EQ(irrelevant, key.irrelevant_in_discovery) << key.name;
    if (key.irrelevant_in_discovery) {
      EXPECT_EQ(outcome(key.key, "garbage!", {}, values), "Irrelevant") << key.name;
    }
  }
}

// Quirk Q12: nothing in RFC 3720 makes digests irrelevant in discovery, the proposer's order
// counts.
TEST(DigestKey, IsNegotiatedInDiscoveryAsAnywhere) {
  Parameters values;
  values.session.session_type = SessionType::discovery;
  EXPECT_EQ(outcome(Key::header_digest, "CRC32C,None", {}, values), "CRC32C");
  EXPECT_EQ(outcome(Key::header_digest, "None,CRC32C", {}, values), "None");
}

TEST(FirstBurstLength, IsIrrelevantOnceUnsolicitedDataAreRuledOut) {
  const Policy without_r2t{.initial_r2t = false}, with_r2t{.initial_r2t = true};
  KeySet settled;
  settled.add(Key::initial_r2t);
  Parameters values;
  for (const bool initial_r2t : {false, true})
    for (const bool immediate : {false, true}) {
      values.session.initial_r2t = initial_r2t;
      values.session.immediate_data = immediate;
      const bool irrelevant = initial_r2t && !immediate;
      EXPECT_EQ(is_irrelevant(about(Key::first_burst_length), values), irrelevant);
      const auto expected = irrelevant ? "Irrelevant" : "4096";
      EXPECT_EQ(outcome(Key::first_burst_length, "4096", without_r2t, values, settled), expected);
      EXPECT_EQ(outcome(Key::first_burst_length, "4096", with_r2t, values), expected);
      // InitialR2T can still become No: the length may come to count.
      EXPECT_EQ(outcome(Key::first_burst_length, "4096", without_r2t, values), "4096");
    }
}

TEST(MarkerInterval, IsIrrelevantOnceThereAreNoMarkers) {
  struct Row {
    Key interval, marker;
    bool ConnectionParameters::* held;
    bool Policy::* wish;
  };
  for (const Row& row :
       {Row{Key::if_mark_int, Key::if_marker, &ConnectionParameters::if_marker, &Policy::if_marker},
        Row{Key::of_mark_int, Key::of_marker, &ConnectionParameters::of_marker,
            &Policy::of_marker}}) {
    Policy unwilling = yielding();
    unwilling.*row.wish = false;
    KeySet settled;
    settled.add(row.marker);
    Parameters values = free_values();
    EXPECT_EQ(outcome(row.interval, "2048", yielding(), values, settled), "2048");
    values.connection.*row.held = false;
    EXPECT_EQ(outcome(row.interval, "2048", yielding(), values, settled), "Irrelevant");
    EXPECT_EQ(outcome(row.interval, "2048", unwilling, values), "Irrelevant");
    EXPECT_EQ(outcome(row.interval, "2048", yielding(), values), "2048");
  }
}

// Reserved words: never a proposal, never a declaration.

TEST(EveryKey, RefusesAReservedWordAsItsValue) {
  for (const KeySpec& key : keys()) {
    if (!is_negotiated(key) && !key.declarative) continue;
    for (const std::string_view word : {"Reject", "Irrelevant", "NotUnderstood"})
      EXPECT_EQ(outcome(key.key, word), "reserved-word-is-only-an-answer") << key.name;
  }
}

// Declarations.

TEST(MaxRecvDataSegmentLength, IsTakenWithinItsRangeAndRefusedBeyond) {
  const auto declared = [](std::string_view value) {
    return outcome(Key::max_recv_data_segment_length, value);
  };
  for (const std::string_view good : {"512", "8192", "16777215", "0x200", "0xffffff"})
    EXPECT_EQ(declared(good), "=") << good;
  for (const std::string_view bad :
       {"511", "0", "16777216", "0x1000000", "", "abc", "Yes", "None", "512~8192", "0512"})
    EXPECT_EQ(declared(bad), "declaration-is-admissible") << bad;
}

TEST(MaxRecvDataSegmentLength, BelongsToTheSideThatDeclaresIt) {
  Parameters values;
  apply(values, Key::max_recv_data_segment_length, Role::initiator, std::uint64_t{512});
  EXPECT_EQ(values.connection.initiator_max_recv_data_segment_length, 512U);
  EXPECT_EQ(values.connection.target_max_recv_data_segment_length, 8192U);
  apply(values, Key::max_recv_data_segment_length, Role::target, std::uint64_t{1024});
  EXPECT_EQ(values.connection.initiator_max_recv_data_segment_length, 512U);
  EXPECT_EQ(values.connection.target_max_recv_data_segment_length, 1024U);
}

TEST(SessionTypeKey, IsDiscoveryOrNormalInThatSpelling) {
  EXPECT_EQ(outcome(Key::session_type, "Discovery"), "=");
  EXPECT_EQ(outcome(Key::session_type, "Normal"), "=");
  for (const std::string_view bad : {"", "discovery", "NORMAL", "Discovery ", "Normal,Discovery"})
    EXPECT_EQ(outcome(Key::session_type, bad), "declaration-is-admissible") << bad;
}

TEST(NameKeys, AreTakenByTheFormOfNames) {
  for (const Key key : {Key::initiator_name, Key::target_name}) {
    EXPECT_EQ(outcome(key, "iqn.1992-04.com.os-vendor.plan9:cdrom.12345"), "=");
    EXPECT_EQ(outcome(key, "eui.020000023B040506"), "=");
    EXPECT_EQ(outcome(key, std::string(223, 'n')), "=");
    EXPECT_EQ(outcome(key, std::string(224, 'n')), "iscsi-name-within-length");
    EXPECT_EQ(outcome(key, ""), "iscsi-name-within-length");
    EXPECT_EQ(outcome(key, "iqn.1992-04.com/x"), "iscsi-name-is-prepared");
  }
}

TEST(AliasKeys, AreTakenAsLocalNames) {
  for (const Key key : {Key::initiator_alias, Key::target_alias}) {
    EXPECT_EQ(outcome(key, "Web Server 3 Disk 20"), "=");
    EXPECT_EQ(outcome(key, "None"), "=");
    EXPECT_EQ(outcome(key,
                      "B\xc3\xbc"
                      "cher"),
              "=");
    EXPECT_EQ(outcome(key, std::string(255, 'n')), "=");
    EXPECT_EQ(outcome(key, std::string(256, 'n')), "declaration-is-admissible");
    EXPECT_EQ(outcome(key,
                      "B\xfc"
                      "cher"),
              "declaration-is-admissible");
  }
}

TEST(TargetsDeclarations, AreTakenByTheirForm) {
  EXPECT_EQ(outcome(Key::target_address, "10.0.0.1:5003,1"), "=");
  EXPECT_EQ(outcome(Key::target_address, "10.0.0.1:x"), "declaration-is-admissible");
  for (const std::string_view good : {"0", "1", "65535", "0x1", "0bAAE="})
    EXPECT_EQ(outcome(Key::target_portal_group_tag, good), "=") << good;
  for (const std::string_view bad : {"", "65536", "0x10000", "-1", "01", "one"})
    EXPECT_EQ(outcome(Key::target_portal_group_tag, bad), "declaration-is-admissible") << bad;
}

TEST(Violations, PointAtTheValue) {
  const KeyValue pair{.key = "MaxRecvDataSegmentLength", .value = "100", .byte = 50};
  EXPECT_EQ(negotiate(about(Key::max_recv_data_segment_length), pair, {}, {.values = {}}).error(),
            (Violation{Rule::declaration_is_admissible, 75, 3}));
  const KeyValue reserved{.key = "MaxBurstLength", .value = "Reject", .byte = 50};
  EXPECT_EQ(negotiate(about(Key::max_burst_length), reserved, {}, {.values = {}}).error(),
            (Violation{Rule::reserved_word_is_only_an_answer, 65, 6}));
}

// Values in their places.

TEST(Apply, PutsEveryNegotiatedKeyIntoAPlaceOfItsOwn) {
  std::vector<Parameters> results;
  for (const KeySpec& key : keys()) {
    if (key.key == Key::auth_method || key.key == Key::send_targets ||
        key.key == Key::target_address)
      continue;
    const Value value = [&key]() -> Value {
      switch (key.kind) {
        case Kind::list: return Digest::crc32c;
        case Kind::boolean: return key.otherwise == "No";
        case Kind::session_type: return SessionType::discovery;
        case Kind::iscsi_name:
        case Kind::local_name: return std::string{"name"};
        default: return std::uint64_t{777};
      }
    }();
    Parameters values;
    apply(values, key.key, Role::initiator, value);
    EXPECT_NE(values, Parameters{}) << key.name;
    for (const Parameters& other : results) EXPECT_NE(values, other) << key.name;
    results.push_back(values);
  }
}

TEST(Apply, LeavesATargetAddressToWhoeverReadsTheText) {
  Parameters values;
  apply(values, Key::target_address, Role::target, std::string{"10.0.0.1"});
  EXPECT_EQ(values, Parameters{});
}

// Integrity.

TEST(FirstBurstLength, IsSelectedWithinMaxBurstLength) {
  Parameters values;
  values.session.max_burst_length = 1024;
  EXPECT_EQ(outcome(Key::first_burst_length, "65536", yielding(), values), "1024");
  EXPECT_EQ(outcome(Key::first_burst_length, "1024", yielding(), values), "1024");
  EXPECT_EQ(outcome(Key::first_burst_length, "512", yielding(), values), "512");
}

TEST(RecoveryKeys, AreSelectedSoThatRecoveryInOrderHasOneR2t) {
  for (const bool in_order : {false, true})
    for (const std::uint32_t level : {0U, 1U, 2U})
      for (const std::uint32_t r2ts : {1U, 2U, 8U}) {
        Parameters values;
        values.session.data_sequence_in_order = in_order;
        values.session.error_recovery_level = level;
        values.session.max_outstanding_r2t = r2ts;
        EXPECT_EQ(outcome(Key::max_outstanding_r2t, "8", yielding(), values),
                  in_order && level > 0 ? "1" : "8");
        EXPECT_EQ(outcome(Key::error_recovery_level, "2", yielding(), values),
                  in_order && r2ts > 1 ? "0" : "2");
        const auto wrong = check_integrity(values);
        const bool broken = in_order && level > 0 && r2ts > 1;
        EXPECT_EQ(wrong.has_value(), broken);
        if (wrong) {
          EXPECT_EQ(*wrong, (Violation{Rule::recovery_in_order_has_one_r2t, 0, r2ts}));
        }
      }
}

TEST(Integrity, WantsFirstBurstWithinMaxBurstWhereItCounts) {
  Parameters values;
  EXPECT_FALSE(check_integrity(values).has_value());
  values.session.max_burst_length = values.session.first_burst_length;
  EXPECT_FALSE(check_integrity(values).has_value());
  values.session.max_burst_length -= 1;
  EXPECT_EQ(check_integrity(values), (Violation{Rule::first_burst_within_max_burst, 0, 65536}));
  values.session.immediate_data = false;  // with InitialR2T=Yes: no unsolicited data
  EXPECT_FALSE(check_integrity(values).has_value());
  values.session.initial_r2t = false;
  EXPECT_TRUE(check_integrity(values).has_value());
  values.session.session_type = SessionType::discovery;
  EXPECT_FALSE(check_integrity(values).has_value());
}

}  // namespace
}  // namespace iscsi::text
