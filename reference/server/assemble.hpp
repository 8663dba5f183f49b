#pragma once

/// From what the operator wrote to what the target and the devices need.

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "server/block_device.hpp"
#include "server/configuration.hpp"
#include "target/target.hpp"

namespace iscsi::server {

/// Opens the media of the logical units, in order. The error is a line that names the unit.
[[nodiscard]] std::expected<std::vector<std::unique_ptr<BlockDevice>>, std::string> open_devices(
    const std::vector<LogicalUnit>& units);

/// The target's part of the configuration. The error is a line that names what is wrong.
[[nodiscard]] std::expected<iscsi::Configuration, std::string> target_configuration(
    const Configuration& configuration);

}  // namespace iscsi::server
