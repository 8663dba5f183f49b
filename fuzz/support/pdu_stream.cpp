#include "support/pdu_stream.hpp"

#include <algorithm>

namespace iscsi::fuzz {
namespace {

/// Takes up to `length` bytes from the front of `input`.
wire::ByteView take(wire::ByteView& input, std::size_t length) {
  const wire::ByteView taken = input.first(std::min(length, input.size()));
  input = input.subspan(taken.size());
  return taken;
}

}  // namespace

void InputPdu::repair_lengths() {
  wire::store<1>(header, 4, additional_headers.size() / 4);
  wire::store<3>(header, 5, data.size());
}

void InputPdu::swell(std::size_t bytes) {
  if (data.empty()) return;
  data.reserve(bytes);
  while (data.size() < bytes) {
    const std::size_t more = std::min(data.size(), bytes - data.size());
    data.insert(data.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(more));
  }
  repair_lengths();
}

std::vector<InputPdu> split(wire::ByteView input, std::size_t most) {
  std::vector<InputPdu> pdus;
  pdus.reserve(std::min(most, input.size() / pdu::bhs_bytes + 1));
  while (!input.empty() && pdus.size() < most) {
    InputPdu& pdu = pdus.emplace_back();
    const wire::ByteView header = take(input, pdu::bhs_bytes);
    std::copy(header.begin(), header.end(), pdu.header.begin());
    const pdu::Lengths lengths = pdu::lengths_of(pdu.header);
    const wire::ByteView headers = take(input, lengths.additional_headers);
    pdu.additional_headers.assign(headers.begin(), headers.end());
    pdu.additional_headers.resize(headers.size() + wire::padding(headers.size()));
    const wire::ByteView data = take(input, lengths.data);
    pdu.data.assign(data.begin(), data.end());
    take(input, wire::padding(data.size()));
    pdu.repair_lengths();
  }
  return pdus;
}

wire::Bytes join(const std::vector<InputPdu>& pdus, pdu::Digests digests) {
  wire::Bytes stream;
  stream.reserve(pdus.size() * 2 * pdu::bhs_bytes);  // most have little data
  for (const InputPdu& pdu : pdus)
    pdu::append(stream, pdu.header, pdu.additional_headers, pdu.data, digests);
  return stream;
}

}  // namespace iscsi::fuzz
