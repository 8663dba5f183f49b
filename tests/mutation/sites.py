"""Where a C++ source can be mutated, and how: found in clang's syntax tree."""

import dataclasses
import re

from clang import cindex
from clang.cindex import CursorKind as Kind

# What each operator becomes. A logical operator becomes one of its operands instead: that asks
# whether each half of a condition is tested.
RELATIONAL = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
              "==": ("!=",), "!=": ("==",)}
ARITHMETIC = {"+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",)}
BITS = {"&": ("|",), "|": ("&",), "^": ("&",), "<<": (">>",), ">>": ("<<",)}
ASSIGNING = {one + "=": tuple(other + "=" for other in others)
             for one, others in (ARITHMETIC | BITS).items()}
BINARY = RELATIONAL | ARITHMETIC | BITS | ASSIGNING

STEP = {"++": "--", "--": "++"}
INTEGER = re.compile(r"^(0[xX][0-9a-fA-F']+|[0-9][0-9']*)([uUlLzZ]*)$")
NOTHING_TO_REPLACE = {"{}", "false", "true", "0", "nullptr", "std::nullopt"}
WITH_BODIES = {Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.FUNCTION_TEMPLATE, Kind.CONSTRUCTOR,
               Kind.DESTRUCTOR, Kind.CONVERSION_FUNCTION}


@dataclasses.dataclass
class Mutant:
    """One change of one file. `both` is the text that holds it and what it changes: @IS@ stands for
    the condition under which this mutant runs, @TEXT@ for the text as it is, with other mutants
    in it."""
    file: str
    begin: int
    end: int
    line: int
    function: str
    operator: str
    original: str
    changed: str
    both: str = ""
    rank: int = 0            # of several at one place: the greater encloses the smaller
    constant: bool = False   # evaluated by the compiler alone
    constexpr: bool = False  # in a function that the compiler may be the only one to call
    context: str = ""        # the line that it stands on
    nth: int = 0             # of several that are otherwise alike
    number: int = 0

    def key(self):
        return (self.file, self.function, self.context, self.original, self.changed, self.nth)


@dataclasses.dataclass(frozen=True)
class Place:
    """What surrounds a cursor."""
    function: str = ""
    result: str | None = None  # the function's result type; None where it is not known
    constant: bool = False
    constexpr: bool = False
    consteval: bool = False


def blank(text):
    """`text` with comments and the insides of literals blanked out, of the same length."""
    pattern = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\""
                         r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def one_line(text):
    """`text` without comments, on one line."""
    kept = re.sub(r"(\"(?:\\.|[^\"\\\n])*\")|//[^\n]*|/\*.*?\*/", lambda m: m[1] or " ", text,
                  flags=re.DOTALL)
    return re.sub(r"\s+", " ", kept).strip()


def closing(text, at, pairs):
    """The place behind the bracket that closes the one at `at`."""
    depth = 0
    for place in range(at, len(text)):
        if text[place] in pairs:
            depth += 1
        elif text[place] in pairs.values():
            depth -= 1
            if depth == 0:
                return place + 1
    return len(text)


def ranges_left_alone(bare):
    """What is left as it is, seen without a parser: template arguments (our formatter puts no space
    before their <, and spaces around a comparison), assertions and the like."""
    ranges = []
    for found in re.finditer(r"[\w\]]<(?![<=])|\btemplate <", bare):
        if not bare.startswith("operator", max(0, found.start() - 7)):
            at = found.end() - 1
            ranges.append((at, closing(bare, at, {"<": ">", "(": ")"})))
    for found in re.finditer(r"\b(static_assert|assert|if constexpr|sizeof|decltype|noexcept"
                             r"|alignas) ?\(", bare):
        ranges.append((found.start(), closing(bare, found.end() - 1, {"(": ")"})))
    return ranges


class Finder:
    """Walks the syntax tree of one file."""

    def __init__(self, root, name, arguments):
        self.name = name
        self.path = str(root / name)
        self.raw = (root / name).read_bytes()
        # Places are bytes in clang, characters here: they agree when every byte is a character.
        self.text = self.raw.decode("latin-1")
        self.bare = blank(self.text)
        self.left_alone = ranges_left_alone(self.bare)
        self.lines = self.text.split("\n")
        self.found = {}
        self.root = root
        unit = cindex.Index.create().parse(self.path, args=arguments)
        wrong = [str(d) for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
        if wrong:
            raise ValueError(f"{name} does not compile: {wrong[0]}")
        for cursor in unit.cursor.get_children():
            self.walk(cursor, Place())

    def mutants(self):
        found = sorted(self.found.values(), key=lambda m: (m.begin, m.end, m.rank, m.changed))
        seen = {}
        for one in found:
            one.nth = seen.get(one.key(), 0)
            seen[(*one.key()[:-1], 0)] = one.nth + 1
        return found

    # -- what is written down

    def range(self, cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def source(self, cursor):
        begin, end = self.range(cursor)
        return self.text[begin:end]

    def add(self, begin, end, place, operator, changed, both, *, rank=0):
        text = self.text[begin:end]
        if not text.strip() or "\n#" in text or (begin, end, operator, changed) in self.found:
            return
        if any(b <= begin < e for b, e in self.left_alone):
            return
        line = self.text.count("\n", 0, begin)
        self.found[begin, end, operator, changed] = Mutant(
            file=self.name, begin=begin, end=end, line=line + 1, function=place.function,
            operator=operator, original=one_line(text), changed=changed, both=both,
            rank=rank, constant=place.constant, constexpr=place.constexpr,
            context=one_line(self.lines[line]))

    def replace(self, begin, end, place, operator, changed):
        self.add(begin, end, place, operator, changed,
                 f"(@IS@ ? ({changed}) : (@TEXT@))")

    def force(self, cursor, place, *, to_true=True):
        begin, end = self.range(cursor)
        if one_line(self.text[begin:end]) in NOTHING_TO_REPLACE:
            return
        if to_true:
            self.add(begin, end, place, "condition", "true",
                     "(@IS@ || (@TEXT@))", rank=1)
        self.add(begin, end, place, "condition", "false",
                 "(!@IS@ && (@TEXT@))", rank=2)

    def delete(self, cursor, place):
        begin, end = self.range(cursor)
        self.add(begin, end, place, "statement", "",
                 "if (@IS@) {} else @TEXT@", rank=5)

    # -- the walk

    def walk(self, cursor, place):
        location = cursor.location.file
        if location is not None and location.name != self.path:
            return
        kind = cursor.kind
        if kind in WITH_BODIES:
            self.function(cursor, place)
        elif kind in (Kind.PARM_DECL, Kind.FIELD_DECL, Kind.ENUM_DECL, Kind.STATIC_ASSERT,
                      Kind.TEMPLATE_NON_TYPE_PARAMETER, Kind.TEMPLATE_TYPE_PARAMETER,
                      Kind.TYPE_ALIAS_DECL):
            pass
        elif kind == Kind.VAR_DECL:
            self.variable(cursor, place)
        elif kind == Kind.LAMBDA_EXPR:
            inner = dataclasses.replace(place, result=None, constant=place.consteval)
            self.children(cursor, inner)
        elif kind in STATEMENTS:
            STATEMENTS[kind](self, cursor, place)
        else:
            self.expression(cursor, place)
            self.children(cursor, place)

    def children(self, cursor, place):
        for child in cursor.get_children():
            self.walk(child, place)

    def function(self, cursor, place):
        text = self.source(cursor)
        head = text[:text.find(cursor.spelling)]
        if "{" not in text or text.rstrip("; ").endswith("= default"):
            return
        parent = cursor.semantic_parent
        owner = parent.spelling if parent and parent.kind in (
            Kind.STRUCT_DECL, Kind.CLASS_DECL, Kind.CLASS_TEMPLATE) else ""
        result = cursor.result_type.spelling if cursor.result_type else ""
        if cursor.kind in (Kind.CONSTRUCTOR, Kind.DESTRUCTOR):
            result = "void"
        # A constexpr function without parameters is a table.
        table = "constexpr" in head and not list(cursor.get_arguments()) and (
            cursor.kind != Kind.CXX_METHOD or cursor.is_static_method())
        evaluated = bool(re.search(r"\bconsteval\b", head))
        inner = Place(function=f"{owner}::{cursor.spelling}" if owner else cursor.spelling,
                      result=result, constant=evaluated or table, consteval=evaluated,
                      constexpr=bool(re.search(r"\bconst(expr|eval)\b", head)))
        for child in cursor.get_children():
            if child.kind == Kind.COMPOUND_STMT or cursor.kind == Kind.CONSTRUCTOR:
                self.walk(child, inner)

    def variable(self, cursor, place):
        """The initialiser: what stands behind the name, and is no array's bound."""
        text = self.source(cursor)
        name = cursor.location.offset + len(cursor.spelling)
        head = self.text[cursor.extent.start.offset:cursor.location.offset]
        constant = (place.constant or bool(re.search(r"\b(constexpr|static|constinit)\b", head))
                    or not place.function or self.is_constant(cursor))
        inner = dataclasses.replace(place, constant=constant,
                                    function=place.function or cursor.spelling)
        if place.function == "" and not text:
            return
        for child in cursor.get_children():
            begin = child.extent.start.offset
            if begin >= name and not self.bare[name:begin].lstrip().startswith("["):
                self.walk(child, inner)

    def is_constant(self, cursor):
        """A const number whose value the compiler knows: it does not look at the switch."""
        kind = cursor.type.get_canonical()
        if not kind.is_const_qualified() or kind.kind.name not in NUMBERS:
            return False
        for node in cursor.walk_preorder():
            if node.kind == Kind.DECL_REF_EXPR and node.referenced is not None:
                if node.referenced.kind == Kind.PARM_DECL:
                    return False
                if node.referenced.kind == Kind.VAR_DECL and not self.is_known(node.referenced):
                    return False
            elif node.kind in (Kind.CALL_EXPR, Kind.MEMBER_REF_EXPR, Kind.CXX_THIS_EXPR):
                return False
        return True

    def is_known(self, variable):
        return variable.type.is_const_qualified() and variable.type.get_canonical(
            ).kind.name in NUMBERS

    # -- statements

    def statement(self, cursor, place):
        if cursor.kind in (Kind.BREAK_STMT, Kind.CONTINUE_STMT) or (
                cursor.kind.is_expression() and not cursor.kind.is_statement()):
            self.delete(cursor, place)
        self.walk(cursor, place)

    def compound(self, cursor, place):
        for child in cursor.get_children():
            self.statement(child, place)

    def returning(self, cursor, place):
        values = list(cursor.get_children())
        if not values:
            if self.source(cursor).startswith("return"):
                self.delete(cursor, place)
            return
        value = values[-1]
        text = one_line(self.source(value))
        if place.result == "bool":
            self.force(value, place)
        elif (not place.constant and place.result not in (None, "void")
              and text not in NOTHING_TO_REPLACE and not place.result.endswith("&")
              and "auto" not in place.result):
            begin, end = self.range(cursor)
            self.add(begin, end, place, "return", "return {}",
                     "if (@IS@) return {}; else @TEXT@", rank=5)
        self.children(cursor, place)

    def branch(self, cursor, place):
        children = list(cursor.get_children())
        at_compile_time = self.text.startswith("if constexpr", cursor.extent.start.offset)
        declared = [c for c in children if c.kind == Kind.VAR_DECL]
        for index, child in enumerate(children):
            if child.kind == Kind.DECL_STMT:
                self.walk(child, place)
            elif child.kind == Kind.VAR_DECL:
                self.walk(child, place)
                begin, end = self.range(child)
                if children[0].kind != Kind.DECL_STMT:
                    self.add(begin, end, place, "condition", "false",
                             f"@TEXT@; !@IS@ && static_cast<bool>({child.spelling})", rank=4)
            elif self.is_condition(children, index):
                if not at_compile_time:
                    if not declared:
                        self.force(child, place)
                    self.walk(child, place)
            else:
                self.statement(child, place)

    def is_condition(self, children, index):
        before = [c for c in children[:index] if c.kind not in (Kind.DECL_STMT, Kind.VAR_DECL)]
        return not before and children[index].kind.is_expression()

    def loop(self, cursor, place):
        """A condition that is always true would loop for ever, and prove nothing but the limit."""
        children = list(cursor.get_children())
        body = children[0] if cursor.kind == Kind.DO_STMT else children[-1]
        opening = self.bare.find("(", cursor.extent.start.offset)
        first = self.bare.find(";", opening)
        second = self.bare.find(";", first + 1)
        for child in children:
            begin, _ = self.range(child)
            if child == body:
                self.statement(child, place)
                continue
            is_condition = child.kind.is_expression() and (
                cursor.kind in (Kind.WHILE_STMT, Kind.DO_STMT)
                or (cursor.kind == Kind.FOR_STMT and first < begin < second))
            if is_condition:
                self.force(child, place, to_true=False)
            self.walk(child, place)

    def case(self, cursor, place):
        children = list(cursor.get_children())
        for child in children[1:] if cursor.kind == Kind.CASE_STMT else children:
            self.statement(child, place)

    # -- expressions

    def expression(self, cursor, place):
        kind = cursor.kind
        begin, end = self.range(cursor)
        if kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR) or (
                kind == Kind.CALL_EXPR and cursor.spelling.startswith("operator")):
            self.binary(cursor, place)
        if kind == Kind.UNARY_OPERATOR or (
                kind == Kind.CALL_EXPR and cursor.spelling in ("operator++", "operator--",
                                                               "operator~", "operator!")):
            self.unary(cursor, place)
        elif kind == Kind.CONDITIONAL_OPERATOR:
            condition = next(iter(cursor.get_children()), None)
            if condition is not None:
                self.force(condition, place)
        elif kind == Kind.INTEGER_LITERAL:
            self.integer(begin, end, place)
        elif kind == Kind.CXX_BOOL_LITERAL_EXPR:
            changed = {"true": "false", "false": "true"}.get(self.text[begin:end])
            if changed:
                self.replace(begin, end, place, "constant", changed)
        elif kind == Kind.DECL_REF_EXPR:
            self.enumerator(cursor, place)

    def binary(self, cursor, place):
        begin, end = self.range(cursor)
        operands = [c for c in cursor.get_children()
                    if self.source(c) not in BINARY and self.source(c) not in ("&&", "||", "=")]
        if len(operands) != 2:
            return
        left, right = sorted(operands, key=lambda c: c.extent.start.offset)
        operator = self.bare[left.extent.end.offset:right.extent.start.offset].strip()
        sides = one_line(self.source(left)), one_line(self.source(right))
        if self.range(left)[0] != begin or self.range(right)[1] != end:
            return
        if operator in ("&&", "||"):
            for side in sides:
                self.replace(begin, end, place, "logical", f"static_cast<bool>({side})")
        elif operator in BINARY:
            if operator in ("+", "+=") and "string" in cursor.type.spelling:
                return
            for other in BINARY[operator]:
                name = "relational" if operator in RELATIONAL else "arithmetic"
                self.replace(begin, end, place, name, f"({sides[0]}) {other} ({sides[1]})"
                             if operator not in ASSIGNING else f"{sides[0]} {other} ({sides[1]})")

    def unary(self, cursor, place):
        begin, end = self.range(cursor)
        text = one_line(self.text[begin:end])
        if text[:2] in STEP:
            self.replace(begin, end, place, "arithmetic", STEP[text[:2]] + text[2:])
        elif text[-2:] in STEP:
            self.replace(begin, end, place, "arithmetic", text[:-2] + STEP[text[-2:]])
        elif text.startswith("!") and not text.startswith("!="):
            self.replace(begin, end, place, "logical", f"static_cast<bool>({text[1:]})")
        elif text[:1] in ("-", "~"):
            self.replace(begin, end, place, "arithmetic", text[1:])

    def integer(self, begin, end, place):
        found = INTEGER.match(self.text[begin:end])
        if not found:
            return
        digits, suffix = found[1].replace("'", ""), found[2]
        hexadecimal = digits[:2].lower() == "0x"
        value = int(digits, 16 if hexadecimal else 10)
        for other in (value + 1, value - 1):
            if other >= 0:
                text = (hex(other) if hexadecimal else str(other)) + suffix
                self.replace(begin, end, place, "constant", text)

    def enumerator(self, cursor, place):
        named = cursor.referenced
        if named is None or named.kind != Kind.ENUM_CONSTANT_DECL:
            return
        where = named.location.file
        if where is None or not where.name.startswith(str(self.root)):
            return
        begin, end = self.range(cursor)
        text = self.text[begin:end]
        names = [c.spelling for c in named.semantic_parent.get_children()
                 if c.kind == Kind.ENUM_CONSTANT_DECL]
        if len(names) < 2 or not text.endswith(named.spelling):
            return
        following = names[(names.index(named.spelling) + 1) % len(names)]
        self.replace(begin, end, place, "enumerator", text[:-len(named.spelling)] + following)


NUMBERS = {"BOOL", "CHAR_U", "UCHAR", "USHORT", "UINT", "ULONG", "ULONGLONG", "CHAR_S", "SCHAR",
           "SHORT", "INT", "LONG", "LONGLONG", "ENUM"}
STATEMENTS = {
    Kind.COMPOUND_STMT: Finder.compound, Kind.RETURN_STMT: Finder.returning,
    Kind.IF_STMT: Finder.branch, Kind.FOR_STMT: Finder.loop, Kind.WHILE_STMT: Finder.loop,
    Kind.DO_STMT: Finder.loop, Kind.CXX_FOR_RANGE_STMT: Finder.loop, Kind.CASE_STMT: Finder.case,
    Kind.DEFAULT_STMT: Finder.case,
}
