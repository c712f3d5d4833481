package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A script is a story in text. Lines:
//
//	POST /v1/payments key=k1 Header:value {json}   a request; key is the Idempotency-Key
//	POST /v1/payments <payment>…</payment>         the same in XML, and so is its answer
//	POST /v1/payments (amount: 1 currency: "USD")  the same in Protobuf
//	GET /v1/exports/payments Accept:text/csv       lines of a table are data.0, data.1, …
//	=> 402 code=card_declined Retry-After:1        what its answer must be, see below
//	within 10s GET /v1/payments/$pay               again and again until it is so
//	begin POST …                                   in the background
//	finish                                         its answer is due now
//	florin merchant create Other                   a command, at the server's place
//	as $readonly                                   requests carry this API key from now on
//	wait 2s
//	now $before                                    keeps this instant
//	# a comment, also after two spaces at a line's end
//
// A line that begins with a space goes on the line before. An expectation is the
// status, or a command's exit code, and any of:
//
//	status=succeeded   data.0.id=$pay   data.len=3   a member of the JSON
//	id=*     is there and says something      decline_code!   is not there (a header, if it begins with a capital)
//	out~✓    contains (out and errs are a command's output)
//	Retry-After:1      a header, with the same * and ~
//	$pay=id            keeps the member for later lines
//
// Every script has a merchant and a key of its own: $merchant, $key.
type script struct {
	t       *testing.T
	at      place
	caller  *caller
	values  map[string]string
	pending chan result
	last    func() result // does the newest step again
	within  time.Duration
}

// result is what a step came to: an answer or a printout.
type result struct {
	said string // for people
	code int
	answer
	printed *printout
	err     error
}

// tell runs the script of that text against a server.
func tell(t *testing.T, s *server, text string) {
	merchant := s.must(t, "merchant", "create", "Story "+t.Name()[strings.LastIndex(t.Name(), "/")+1:])
	key := s.must(t, "key", "create", merchant, "--rate", "0")
	st := &script{t: t, at: s.place, caller: s.caller().as(key), values: map[string]string{"merchant": merchant, "key": key}}
	for _, l := range logical(text) {
		st.step(l)
	}
	st.settled("the end")
}

// line is one logical line of a script.
type line struct {
	number int
	text   string
}

func logical(text string) (list []line) {
	for i, l := range strings.Split(text, "\n") {
		if at := strings.Index(l, "  #"); at >= 0 {
			l = l[:at]
		}
		switch {
		case strings.TrimSpace(l) == "" || strings.HasPrefix(l, "#"):
		case strings.HasPrefix(l, " ") && len(list) > 0:
			list[len(list)-1].text += " " + strings.TrimSpace(l)
		default:
			list = append(list, line{i + 1, strings.TrimSpace(l)})
		}
	}
	return list
}

func (s *script) step(l line) {
	s.t.Helper()
	where := fmt.Sprintf("line %d: %s", l.number, l.text)
	if want, expected := strings.CutPrefix(l.text, "=> "); expected {
		s.expect(where, s.fill(where, want))
		return
	}
	s.settled(where)
	text := s.fill(where, l.text)
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "as":
		s.caller = s.caller.as(rest)
	case "wait":
		time.Sleep(s.span(where, rest))
	case "now":
		s.values[strings.TrimPrefix(strings.Fields(l.text)[1], "$")] = time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	case "florin":
		s.last = func() result { return s.command(rest) }
	case "within":
		span, request, _ := strings.Cut(rest, " ")
		s.within = s.span(where, span)
		s.last = func() result { return s.request(request) }
	case "begin":
		s.pending = make(chan result, 1)
		go func() { s.pending <- s.request(rest) }()
	case "finish":
		s.last = func() result { return <-s.pending }
	default:
		s.last = func() result { return s.request(text) }
	}
}

// settled sees to it that no step is left without an expectation.
func (s *script) settled(where string) {
	s.t.Helper()
	if s.last != nil {
		s.t.Fatalf("%s: the step before it expects nothing", where)
	}
}

// fill puts kept values in the place of their names; where one is kept or the clock
// is read, the name stays.
func (s *script) fill(where, text string) string {
	s.t.Helper()
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		n := 0
		for n < len(after) && (after[n] >= 'a' && after[n] <= 'z' || after[n] >= '0' && after[n] <= '9') {
			n++
		}
		name, keeps := after[:n], strings.HasPrefix(after[n:], "=") && (before == "" || strings.HasSuffix(before, " "))
		value, known := s.values[name]
		switch {
		case keeps || strings.HasSuffix(before, "now "):
			out.WriteString("$" + name)
		case !known:
			s.t.Fatalf("%s: nothing is kept as $%s", where, name)
		default:
			out.WriteString(value)
		}
		text = after[n:]
	}
}

func (s *script) span(where, text string) time.Duration {
	s.t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatalf("%s: %v", where, err)
	}
	return d
}

// request reads "METHOD path [key=…] [Header:value]… [body]" and sends it.
func (s *script) request(text string) result {
	head, body := text, ""
	if at := bodyStart.FindStringIndex(text); at != nil {
		head, body = text[:at[0]], text[at[0]+1:]
	}
	words := strings.Fields(head)
	e, err := endpointAt(words[0], words[1])
	var sent []byte
	var headers []string
	switch {
	case body != "" && err != nil && body[0] != '{':
		return result{err: err}
	case body != "":
		if sent, headers, err = written(e, body); err != nil {
			return result{err: err}
		}
	case words[0] == http.MethodPost:
		sent = []byte("{}")
	}
	for _, w := range words[2:] {
		if key, isKey := strings.CutPrefix(w, "key="); isKey {
			headers = append(headers, "Idempotency-Key", key)
		} else if name, value, isHeader := strings.Cut(w, ":"); isHeader {
			headers = append(headers, name, value)
		} else {
			return result{err: fmt.Errorf("what is %q?", w)}
		}
	}
	a, err := s.caller.do(words[0], words[1], sent, headers...)
	if err == nil {
		a, err = a.read(e)
	}
	return result{said: fmt.Sprintf("HTTP %d %s", a.status, a.body), code: a.status, answer: a, err: err}
}

func (s *script) command(text string) result {
	p := s.at.florin(s.t, strings.Fields(text)...)
	return result{said: fmt.Sprintf("exit %d\n%s\n%s", p.code, p.out, p.errs), code: p.code, printed: &p}
}

// expect does the step until it is as wanted, or its time is over.
func (s *script) expect(where, want string) {
	s.t.Helper()
	if s.last == nil {
		s.t.Fatalf("%s: there is no step to expect something of", where)
	}
	deadline := time.Now().Add(s.within)
	for {
		r := s.last()
		wrong := r.differs(strings.Fields(want))
		if wrong == "" {
			s.keep(r, strings.Fields(want))
			break
		}
		if !time.Now().Before(deadline) {
			s.t.Fatalf("%s\n  %s\n  the answer: %s", where, wrong, r.said)
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.last, s.within = nil, 0
}

// differs names the first difference, "" for none.
func (r result) differs(want []string) string {
	if r.err != nil {
		return r.err.Error()
	}
	if fmt.Sprint(r.code) != want[0] {
		return fmt.Sprintf("it is %d, not %s", r.code, want[0])
	}
	for _, w := range want[1:] {
		at := strings.IndexAny(w, "=~:!")
		if at <= 0 {
			return fmt.Sprintf("what is %q?", w)
		}
		name, sign, value := w[:at], w[at], w[at+1:]
		got := r.value(name, sign)
		if name[0] != '$' && !matches(got, sign, value) {
			return fmt.Sprintf("%s is %q, not %s", name, got, w[at:])
		}
	}
	return ""
}

func (r result) value(name string, sign byte) string {
	switch {
	case r.printed != nil && name == "errs":
		return r.printed.errs
	case r.printed != nil:
		return r.printed.out
	case sign == ':', sign == '!' && strings.ToLower(name) != name: // members of a body are in lower case
		return r.header.Get(name)
	}
	return r.field(name)
}

func matches(got string, sign byte, value string) bool {
	absent := got == "" || got == "null" || got == "(missing)"
	switch {
	case sign == '!':
		return absent
	case value == "*":
		return !absent
	case sign == '~':
		return strings.Contains(got, value)
	case sign == ':' && strings.HasPrefix(value, "~"):
		return strings.Contains(got, value[1:])
	}
	return got == value
}

// keep keeps what the expectation asks to keep.
func (s *script) keep(r result, want []string) {
	for _, w := range want[1:] {
		if name, path, _ := strings.Cut(w, "="); name[0] == '$' {
			s.values[name[1:]] = r.value(path, '=')
		}
	}
}
