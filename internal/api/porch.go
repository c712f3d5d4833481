package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/wire"
)

// Header values that every answer shares. They are never changed.
var (
	nosniff   = []string{"nosniff"}
	noStore   = []string{"no-store"}
	closed    = []string{"close"}
	varyByFmt = []string{"Accept, Accept-Encoding"}

	varyByDictionary = []string{"Accept, Accept-Encoding, Available-Dictionary"}
)

// ServeHTTP is the porch: it gives the request an id and a deadline, sees to it
// that some answer goes out, and writes one line to the log. It knows nothing
// of money.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{door: s, w: w, r: r, protocol: protocolREST, began: time.Now()} // a latency is measured: the machine's clock
	v.call.Request, v.call.http = id.New[id.Request](s.Clock.Now()), r
	h := w.Header()
	h["Request-Id"] = []string{string(v.call.Request)}
	h["X-Content-Type-Options"] = nosniff
	h["Cache-Control"] = noStore
	h["Vary"] = varyByFmt
	if len(r.TransferEncoding) > 0 {
		// It may have had a length too, which net/http has forgotten: what follows on the
		// connection could be somebody else's words. Source: RFC 9112 §6.1.
		h["Connection"] = closed
	}
	// A caller that hangs up does not stop its payment halfway: what was begun
	// ends, and the retry gets the answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	defer v.leave()
	v.ctx = withCall(ctx, &v.call)
	v.enter()
}

// enter finds the route and goes there.
func (v *visit) enter() {
	n := v.door.router.find(v.r.URL.Path, &v.params)
	if beside := v.door.beside[firstSegment(v.r.URL.Path)]; n == nil && beside != nil {
		v.lead(beside)
		return
	}
	if n == nil {
		if protocol := protocolOf(v.r.Header["Content-Type"], true); protocol != "" {
			v.protocol = protocol // REST has no such Content-Type
		}
		v.refuse(fault.ErrRouteMissing)
		return
	}
	v.route = n.route(v.r.Method)
	switch {
	case v.route == nil && v.r.Method == "OPTIONS":
		v.w.Header().Set("Allow", n.allow)
		v.status = http.StatusNoContent
		v.w.WriteHeader(v.status)
	case v.route == nil:
		v.w.Header().Set("Allow", n.allow)
		v.refuse(fault.ErrMethodMissing)
	case v.route.porch != nil:
		v.route.porch(v)
	case v.route.rpc != nil:
		v.serveRPC()
	case v.route.stream && v.route.method.rule.Endless && isUpgrade(v.r):
		v.serveSocket()
	case v.route.stream:
		v.serveStream()
	case v.route.body && v.r.ContentLength > bodyMax:
		v.refuseBody(ErrTooLarge)
	default:
		v.serve()
	}
}

// leave is the last resort: after a crash it answers in the crashed code's place. A
// visit that stays ends elsewhere.
func (v *visit) leave() {
	if p := recover(); p != nil {
		v.crashed(p)
	}
	if !v.stays {
		v.end()
	}
}

func (v *visit) crashed(p any) {
	if aborted(p) {
		panic(p)
	}
	f := fault.ErrInternal.WithCause(newCrash(p))
	if v.status == 0 {
		v.refuse(f)
	} else {
		v.cut = true
	}
	v.fault = f
}

// end writes the log, and cuts an answer that must not look whole.
func (v *visit) end() {
	took := time.Since(v.began)
	verb, pattern, code := knownVerb(v.r.Method), "", ""
	if v.route != nil {
		pattern = v.route.pattern
	}
	if v.fault != nil {
		code = v.fault.Code
	}
	if v.door.Observe != nil {
		v.door.Observe(Visit{Verb: verb, Route: pattern, Protocol: v.protocol, Status: v.status, Code: code, Took: took})
	}
	v.log(verb, pattern, code, took)
	if v.cut {
		panic(http.ErrAbortHandler) // net/http's own way: the connection, or the stream of HTTP/2, breaks off
	}
}

// log writes the request's line. It is built from ids and our own words: nothing
// that the caller wrote is in it.
func (v *visit) log(verb, pattern, code string, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case v.fault != nil && v.fault.Kind == fault.Internal:
		level = slog.LevelError
	case v.status >= 500:
		level = slog.LevelWarn
	case v.route != nil && v.route.method == nil && !v.route.beside:
		level = slog.LevelDebug // probes come every few seconds
	}
	if !v.door.Log.Enabled(v.ctx, level) {
		return
	}
	list := make([]slog.Attr, 0, 8)
	list = append(list,
		slog.String("method", verb), slog.String("route", pattern), slog.Int("status", v.status),
		slog.Int64("duration_us", took.Microseconds()), slog.String("request", string(v.call.Request)),
		slog.String("key", string(v.call.Caller.Key)))
	if v.call.Caller.Client != "" {
		list = append(list, slog.String("client", string(v.call.Caller.Client)))
	}
	if v.protocol != protocolREST {
		list = append(list, slog.String("protocol", v.protocol))
	}
	if code != "" {
		list = append(list, slog.String("code", code))
	}
	if v.cut {
		list = append(list, slog.Bool("cut", true))
	}
	if v.fault != nil && (v.status >= 500 || v.fault.Kind == fault.Internal) {
		list = append(list, slog.String("cause", wire.MaskDigits(v.fault.Error(), wire.LogDigits)))
	}
	v.door.Log.LogAttrs(v.ctx, level, "request", list...)
}

func knownVerb(verb string) string {
	switch verb {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT":
		return verb
	}
	return "OTHER"
}
