#pragma once

/// The command families: one file each, named by the row that calls them.

#include "scsi/request.hpp"

namespace scsi::commands {

// test_unit_ready.cpp, request_sense.cpp
Outcome test_unit_ready(const Action&);
Outcome request_sense(const Action&);

// inquiry.cpp
Planned plan_inquiry(const Request&);
Outcome inquiry(const Action&);

// mode_sense.cpp, mode_select.cpp
Planned plan_mode_sense(const Request&);
Outcome mode_sense(const Action&);
Outcome mode_select(const Action&);

// capacity.cpp
Planned plan_read_capacity(const Request&);
Outcome read_capacity_10(const Action&);
Outcome read_capacity_16(const Action&);

// read_write.cpp
Planned plan_read(const Request&);
Outcome read(const Action&);
Planned plan_write(const Request&);
Outcome write(const Action&);
Outcome write_and_verify(const Action&);

// verify.cpp
Planned plan_verify(const Request&);
Outcome verify(const Action&);

// cache.cpp
Planned plan_prefetch(const Request&);
Outcome prefetch(const Action&);
Planned plan_synchronize_cache(const Request&);
Outcome synchronize_cache(const Action&);

// start_stop.cpp
Outcome start_stop_unit(const Action&);
void stop(LogicalUnit&);

// reservation.cpp
Outcome reserve(const Action&);
Outcome release(const Action&);

// report_luns.cpp, report_operation_codes.cpp
Planned plan_report_luns(const Request&);
Outcome report_luns(const Action&);
Planned plan_report_operation_codes(const Request&);
Outcome report_operation_codes(const Action&);

}  // namespace scsi::commands
