#include "conformance/story/expression.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace conformance {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// The length of the name at the start of `text`: parts of letters and digits with dots between.
std::size_t name_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size()) {
    const char c = text[length];
    const bool dot = c == '.' && length + 1 < text.size() && is_letter(text[length + 1]);
    if (!is_letter(c) && !dot && !(is_digit(c) && length > 0)) break;
    ++length;
  }
  return length;
}

std::expected<std::uint64_t, std::string> number_named(std::string_view name,
                                                       const Variables& known) {
  const auto found = known.find(name);
  if (found == known.end()) return std::unexpected("$" + std::string{name} + " has no value");
  if (const auto* number = std::get_if<std::uint64_t>(&found->second)) return *number;
  if (const auto* word = std::get_if<std::string>(&found->second)) {
    const bool hexadecimal = word->starts_with("0x");
    const char* begin = word->data() + (hexadecimal ? 2 : 0);
    const char* stop = word->data() + word->size();
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(begin, stop, value, hexadecimal ? 16 : 10);
    if (error == std::errc{} && end == stop) return value;
  }
  return std::unexpected("$" + std::string{name} + " is not a number");
}

}  // namespace

/// Recursive descent to postfix order.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_{text} {}

  std::expected<Expression, std::string> parse() {
    expression_.postfix_.clear();
    sum();
    skip_spaces();
    if (problem_.empty() && !text_.empty()) problem_ = "unexpected \"" + std::string{text_} + "\"";
    if (!problem_.empty()) return std::unexpected(problem_);
    return expression_;
  }

 private:
  using Operation = Expression::Operation;
  static constexpr std::size_t deepest = 32;

  void skip_spaces() {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void need(std::string_view token) {
    if (!take(token) && problem_.empty()) problem_ = "expected \"" + std::string{token} + "\"";
  }
  void emit(Expression::Token token) { expression_.postfix_.push_back(std::move(token)); }

  void sum() {
    product();
    while (problem_.empty()) {
      const auto operation = take("+")   ? std::optional{Operation::add}
                             : take("-") ? std::optional{Operation::subtract}
                                         : std::nullopt;
      if (!operation) return;
      product();
      emit(*operation);
    }
  }
  void product() {
    operand();
    while (problem_.empty()) {
      const auto operation = take("*")   ? std::optional{Operation::multiply}
                             : take("/") ? std::optional{Operation::divide}
                                         : std::nullopt;
      if (!operation) return;
      operand();
      emit(*operation);
    }
  }
  void operand() {
    if (++depth_ > deepest) problem_ = "too many parentheses";
    if (!problem_.empty()) return;
    if (take("$"))
      name();
    else if (take("("))
      sum(), need(")");
    else if (take("min("))
      pair(Operation::least);
    else if (take("max("))
      pair(Operation::most);
    else
      number();
    --depth_;
  }
  void pair(Operation operation) {
    sum();
    need(",");
    sum();
    need(")");
    emit(operation);
  }
  void name() {
    const std::size_t length = name_length(text_);
    if (length == 0) problem_ = "expected a name behind \"$\"";
    emit(std::string{text_.substr(0, length)});
    text_.remove_prefix(length);
  }
  void number() {
    const bool hexadecimal = take("0x");
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text_.data(), text_.data() + text_.size(), value, hexadecimal ? 16 : 10);
    if (error != std::errc{}) {
      problem_ = "expected a number or a $name, found \"" + std::string{text_} + "\"";
      return;
    }
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    emit(value);
  }

  std::string_view text_;
  Expression expression_;
  std::string problem_;
  std::size_t depth_ = 0;
};

Expression::Expression(std::uint64_t constant) : postfix_{constant} {}

std::expected<Expression, std::string> Expression::parse(std::string_view text) {
  return ExpressionParser{text}.parse();
}

std::expected<std::uint64_t, std::string> Expression::evaluate(const Variables& known) const {
  std::vector<std::uint64_t> stack;
  for (const Token& token : postfix_) {
    if (const auto* number = std::get_if<std::uint64_t>(&token)) {
      stack.push_back(*number);
      continue;
    }
    if (const auto* name = std::get_if<std::string>(&token)) {
      const auto value = number_named(*name, known);
      if (!value) return value;
      stack.push_back(*value);
      continue;
    }
    const std::uint64_t right = stack.back();
    stack.pop_back();
    std::uint64_t& left = stack.back();
    switch (std::get<Operation>(token)) {
      case Operation::add: left += right; break;
      case Operation::subtract: left -= right; break;
      case Operation::multiply: left *= right; break;
      case Operation::divide:
        if (right == 0) return std::unexpected("a division by zero");
        left /= right;
        break;
      case Operation::least: left = std::min(left, right); break;
      case Operation::most: left = std::max(left, right); break;
    }
  }
  return stack.back();
}

std::vector<std::string_view> Expression::names() const {
  std::vector<std::string_view> names;
  for (const Token& token : postfix_)
    if (const auto* name = std::get_if<std::string>(&token)) names.push_back(*name);
  return names;
}

const std::string* Expression::sole_name() const {
  return postfix_.size() == 1 ? std::get_if<std::string>(&postfix_.front()) : nullptr;
}

namespace {

/// Cuts `text` into literal runs and the expressions between them.
template <class Literal, class Inserted>
std::expected<void, std::string> walk(std::string_view text, Literal literal, Inserted inserted) {
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    literal(text.substr(0, dollar));
    if (dollar == text.npos) return {};
    text.remove_prefix(dollar + 1);
    std::string_view inside;
    if (text.starts_with('{')) {
      const std::size_t end = text.find('}');
      if (end == text.npos) return std::unexpected("\"${\" without its \"}\"");
      inside = text.substr(1, end - 1);
      text.remove_prefix(end + 1);
      if (const auto done = inserted(inside, false); !done) return done;
    } else {
      const std::size_t length = name_length(text);
      if (length == 0) return std::unexpected("\"$\" without a name");
      if (const auto done = inserted(text.substr(0, length), true); !done) return done;
      text.remove_prefix(length);
    }
  }
  return {};
}

}  // namespace

std::expected<std::string, std::string> substitute(std::string_view text, const Variables& known) {
  std::string out;
  const auto insert = [&](std::string_view inside,
                          bool is_name) -> std::expected<void, std::string> {
    if (is_name) {
      const auto found = known.find(inside);
      if (found == known.end()) return std::unexpected("$" + std::string{inside} + " has no value");
      if (const auto* word = std::get_if<std::string>(&found->second)) {
        out += *word;
        return {};
      }
    }
    const std::string expression = is_name ? "$" + std::string{inside} : std::string{inside};
    const auto parsed = Expression::parse(expression);
    if (!parsed) return std::unexpected(parsed.error());
    const auto value = parsed->evaluate(known);
    if (!value) return std::unexpected(value.error());
    out += std::to_string(*value);
    return {};
  };
  const auto done = walk(text, [&out](std::string_view run) { out += run; }, insert);
  if (!done) return std::unexpected(done.error());
  return out;
}

std::expected<std::vector<std::string>, std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  const auto collect = [&](std::string_view inside,
                           bool is_name) -> std::expected<void, std::string> {
    if (is_name) {
      names.emplace_back(inside);
      return {};
    }
    const auto parsed = Expression::parse(inside);
    if (!parsed) return std::unexpected(parsed.error());
    for (const std::string_view name : parsed->names()) names.emplace_back(name);
    return {};
  };
  const auto done = walk(text, [](std::string_view) {}, collect);
  if (!done) return std::unexpected(done.error());
  return names;
}

}  // namespace conformance
