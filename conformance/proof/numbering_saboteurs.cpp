/// Faults in StatSN, ExpCmdSN and MaxCmdSN, and in what is done about CmdSN (RFC 3720 3.2.2).

#include "conformance/proof/tables.hpp"

namespace conformance::proof {

using namespace iscsi::pdu;
using iscsi::Rule;
using enum iscsi::pdu::Opcode;

std::vector<Saboteur> numbering_saboteurs() {
  return {
      breaks(Rule::stat_sn_advances_by_one, "skips a StatSN")
          .in(two_pings)
          .by(first(nop_in), add("StatSN", 1)),
      breaks(Rule::stat_sn_advances_by_one, "repeats the StatSN of the final Login Response")
          .in(two_pings)
          .by(first(nop_in), subtract("StatSN", 1))
          .as_defect(6),
      breaks(Rule::unnumbered_pdu_carries_next_stat_sn, "gives an R2T the StatSN after the next")
          .in("scsi/write-bursts*")
          .by(first(ready_to_transfer), add("StatSN", 1)),
      breaks(Rule::max_cmd_sn_is_not_below_exp_cmd_sn, "closes the window below ExpCmdSN - 1")
          .in(two_pings)
          .by(first(logout_response), subtract("MaxCmdSN", 1000)),
      breaks(Rule::exp_cmd_sn_is_not_ahead, "acknowledges a command that was not sent")
          .in(two_pings)
          .by(first(logout_response), add("ExpCmdSN", 1)),
      breaks(Rule::exp_cmd_sn_does_not_go_back, "takes back an acknowledgement")
          .in(two_pings)
          .by(first(logout_response), subtract("ExpCmdSN", 1)),
      breaks(Rule::status_acknowledges_its_command, "answers without acknowledging")
          .in(two_pings)
          .by(first(nop_in), subtract("ExpCmdSN", 1)),
      breaks(Rule::numbers_wrap_around, "takes CmdSN 0 for one of long ago")
          .in("numbering/wrap")
          .by(every(nop_out).only(3), drop()),
      breaks(Rule::leading_login_sets_exp_cmd_sn, "begins with another ExpCmdSN")
          .in("login/first-usable-value-of-a-list*")
          .by(first(login_response), add("ExpCmdSN", 1)),

      breaks(Rule::command_outside_window_is_ignored, "carries out a command below the window")
          .in("numbering/cmd-sn-below-window")
          .by(first(nop_out), set("I", 1)),
      breaks(Rule::command_outside_window_is_ignored, "carries out a command above the window")
          .in("numbering/cmd-sn-above-window")
          .by(first(nop_out), set("I", 1))
          .along_with(Rule::status_acknowledges_its_command, "ExpCmdSN cannot get there")
          .as_defect(7),
      breaks(Rule::duplicate_command_is_ignored, "carries out a command twice")
          .by(second(nop_out), set("I", 1)),
      breaks(Rule::commands_run_in_order, "carries out a command behind a gap")
          .in("numbering/gap-holds-commands-back")
          .by(first(nop_out), set("I", 1))
          .along_with(Rule::status_acknowledges_its_command, "ExpCmdSN cannot get past the gap"),
      breaks(Rule::rejected_command_leaves_a_gap, "counts a rejected command as received")
          .in("text/key-twice*immediate=0*")
          .by(first(reject), add("ExpCmdSN", 1))
          .by(first(logout_response), add("ExpCmdSN", 1)),
  };
}

}  // namespace conformance::proof
