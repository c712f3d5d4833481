package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"time"

	"github.com/florinpay/florin/internal/connector"
)

// converse answers one connection's questions until it ends. A burst of
// questions is answered by one write.
func (r *Rail) converse(ctx context.Context, conn net.Conn) {
	end := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer end()
	out := newOutbox()
	defer out.close()
	r.work.Go(func() { out.run(conn, railStuck) })
	in := bufio.NewReaderSize(conn, frameHead+FrameMax)
	buf := make([]byte, FrameMax)
	for {
		if in.Buffered() == 0 {
			out.flush()
		}
		content, err := readFrame(in, buf)
		if err != nil {
			return // gone, or not one of ours
		}
		var q question
		err = json.Unmarshal(content, &q)
		clear(content)
		if err != nil {
			r.o.Log.Warn("sandbox rail got a malformed question and closes the connection") // err may quote it
			return
		}
		r.treat(ctx, q, out)
	}
}

// treat acts on q and answers it in the manner of its card.
func (r *Rail) treat(ctx context.Context, q question, out *outbox) {
	var a reply
	var b behaviour
	var silent bool
	switch q.Kind {
	case ask, abandon:
		a, silent = r.lookUp(q)
	default:
		b = q.behaviour()
		a, silent = r.act(q, b)
	}
	if silent || r.hanging.Load() {
		return
	}
	if b.wrong {
		a.Outcome, a.Code, a.Reason, a.AmountMinor = approved, codeApproved, "", a.AmountMinor+1
	}
	delay := time.Duration(r.latency.Load())
	if b.late {
		delay += r.o.LateBy
	}
	if delay == 0 {
		r.put(out, a, b.twice)
		return
	}
	r.work.Go(func() {
		if r.o.Clock.Sleep(ctx, delay) == nil {
			r.put(out, a, b.twice)
			out.flush()
		}
	})
}

func (r *Rail) put(out *outbox, a reply, twice bool) {
	f, err := frame(a)
	if err != nil {
		r.o.Log.Error("sandbox rail cannot encode an answer", "reference", a.Reference, "error", err)
		return
	}
	if r.drops.Load() > 0 && r.drops.Add(-1) >= 0 {
		out.put(f[:len(f)/2])
		out.close()
		return
	}
	if twice {
		f = append(f, f...)
	}
	if !out.put(f) {
		out.close() // the client does not read
	}
}

// act performs q, or answers as before. silent: no answer is due, because the
// card says so or because the book could not be written, and then nothing was done.
func (r *Rail) act(q question, b behaviour) (a reply, silent bool) {
	switch {
	case b.lost:
		return reply{}, true
	case !q.wellFormed():
		return q.refused(codeFormat), false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.o.Clock.Now()
	rec, at, err := r.book.find(q.Reference)
	switch {
	case err == nil && at != 0 && rec.Kind == abandon:
		return q.refused(codeTooLate), false
	case err == nil && at != 0 && !r.same(rec, q):
		return q.refused(codeDuplicate), false
	}
	if err == nil && (at == 0 || rec.Outcome == actionRequired && q.Authenticated) {
		if rec, err = r.decide(q, now); err == nil {
			at, err = r.book.add(rec)
		}
	}
	if err != nil {
		r.o.Log.Error("sandbox rail cannot keep its book", "reference", q.Reference, "error", err)
		return reply{}, true
	}
	return replyOf(q.Number, rec, at), rec.pendingAt(now.UnixMicro())
}

func (r *Rail) decide(q question, now time.Time) (record, error) {
	if q.Kind.TakesCard() {
		return authorize(q, now, r.o.SettleAfter), nil
	}
	root, err := r.book.root(q.Original)
	if err != nil || root == 0 {
		return follow(q, now, 0, record{}, record{}), err
	}
	original, err := r.book.at(root)
	if err != nil {
		return record{}, err
	}
	totals, err := r.book.totals(root)
	return follow(q, now, root, original, totals), err
}

// same reports whether q asks again for what was recorded.
func (r *Rail) same(was record, q question) bool {
	now := q.opened(time.Time{})
	if was.Kind != now.Kind || was.Amount != now.Amount || was.Currency != now.Currency || was.Last4 != now.Last4 && was.Code != codeNumber {
		return false
	}
	if q.Kind.TakesCard() {
		return true
	}
	root, err := r.book.root(q.Original)
	return err == nil && (root == was.Root || was.Root == 0)
}

// lookUp answers a question about an earlier operation. To abandon what was never seen
// is noted before it is answered.
func (r *Rail) lookUp(q question) (a reply, silent bool) {
	if q.Reference == "" || len(q.Reference) > connector.ReferenceMax {
		return reply{Number: q.Number, Reference: q.Reference, Outcome: missing}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, at, err := r.book.find(q.Reference)
	if err == nil && at == 0 && q.Kind == abandon {
		rec = record{Kind: abandon, Outcome: declined, Code: codeTooLate, Reference: q.Reference, AtMicros: r.o.Clock.Now().UnixMicro()}
		at, err = r.book.promise(rec)
	}
	switch {
	case err != nil:
		r.o.Log.Error("sandbox rail cannot keep its book", "reference", q.Reference, "error", err)
		return reply{}, true
	case at == 0:
		return reply{Number: q.Number, Reference: q.Reference, Outcome: missing}, false
	case rec.Kind == abandon:
		return reply{Number: q.Number, Reference: q.Reference, Outcome: abandoned}, false
	}
	a = replyOf(q.Number, rec, at)
	if rec.pendingAt(r.o.Clock.Now().UnixMicro()) {
		a.Outcome, a.Code = pending, ""
	}
	return a, false
}

// refused is the answer to what the rail does not record.
func (q question) refused(code string) reply {
	return reply{Number: q.Number, Reference: q.Reference, AmountMinor: q.AmountMinor, Currency: q.Currency, Outcome: declined, Code: code}
}

// The one reason that payers of the sandbox have, and the one that their banks have.
const (
	disputeReason = "fraudulent"
	returnReason  = "account_closed"
)

func replyOf(number uint64, r record, at uint32) reply {
	a := reply{
		Number: number, Reference: r.Reference, AmountMinor: r.Amount, Currency: r.Currency,
		Outcome: r.Outcome, RailReference: railReference(at), Code: r.Code,
	}
	if r.Generic && r.Outcome == declined {
		a.Reason = connector.GenericDecline
	}
	if r.Disputed {
		a.Dispute = disputeReason
	}
	if r.Returns && r.Kind == connector.Refund && r.Outcome == approved {
		a.Return = returnReason
	}
	return a
}
