#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace sample {

enum class Colour : std::uint8_t { red, green, blue };

bool within(int value, int low, int high);
int total(const std::vector<int>& values);
std::optional<Colour> colour_of(int number);
bool is_small(int value);
int countdown(int from);
int forgotten(int value);

}  // namespace sample
