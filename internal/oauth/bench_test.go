package oauth_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/oauth"
)

// BenchmarkCheck is what a door pays for one call: a bound token with its proof, and what
// of that is the bare signature.
func BenchmarkCheck(b *testing.B) {
	w := newWorld(b, dbtest.SQLiteURL(b))
	a := w.register(fapi)
	bearer := w.register(func(d *oauth.Draft) { d.Auth = oauth.SecretBasic })
	bearer.prover = nil
	v := w.s.Verifier()
	b.Run("DPoP", func(b *testing.B) {
		var proofs []string
		token := a.own().access()
		r, scheme := a.call(token)
		spend := func() {
			for len(proofs) > 0 {
				r.Header.Set("DPoP", proofs[0])
				proofs = proofs[1:]
				if _, err := v.Check(b.Context(), r, token, scheme); err != nil {
					b.Fatal(err)
				}
			}
		}
		var used time.Duration
		left := b.N
		for b.ResetTimer(); left > 0; {
			b.StopTimer()
			token = a.own().access()
			p := &proofing{key: a.prover, method: "POST", url: w.base + "/v1/payments", ath: token, at: w.clock.Now(), nonce: must1(w.s.Nonce(b.Context()))}
			for range min(left, 500) {
				proofs = append(proofs, p.make(b))
			}
			left -= len(proofs)
			b.StartTimer()
			used += processor(spend)
		}
		b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
	})
	b.Run("bearer", func(b *testing.B) {
		token := bearer.own().access()
		r, scheme := bearer.call(token)
		for i := 0; b.Loop(); i++ {
			if _, err := v.Check(b.Context(), r, token, scheme); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ECDSA alone", func(b *testing.B) {
		sum := sha256.Sum256([]byte("x"))
		sig := must1(ecdsa.SignASN1(rand.Reader, a.key, sum[:]))
		used := processor(func() {
			for range b.N {
				if !ecdsa.VerifyASN1(&a.key.PublicKey, sum[:], sig) {
					b.Fatal("no")
				}
			}
		})
		b.ReportMetric(float64(used.Nanoseconds())/float64(b.N), "cpu-ns/op")
	})
}

// BenchmarkClientCredentials is the token endpoint without the network; a password writes
// nothing, an assertion one row.
func BenchmarkClientCredentials(b *testing.B) {
	w := newWorld(b, dbtest.SQLiteURL(b))
	h := w.s.Handler()
	for name, a := range map[string]*app{"password": w.register(func(d *oauth.Draft) { d.Auth = oauth.SecretBasic }), "assertion": w.register()} {
		b.Run(name, func(b *testing.B) {
			form := url.Values{"grant_type": {"client_credentials"}, "scope": {"payments:read"}, "client_id": {string(a.id)}}
			b.SetParallelism(32) // writes that wait together share one commit
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					in := url.Values{}
					for k, v := range form {
						in[k] = v
					}
					if name == "assertion" {
						in.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
						in.Set("client_assertion", sign(b, a.key, nil, a.assertion()))
					}
					r := httptest.NewRequest("POST", "/oauth/token", strings.NewReader(in.Encode()))
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					if name == "password" {
						r.SetBasicAuth(string(a.id), a.secret)
					}
					out := httptest.NewRecorder()
					if h.ServeHTTP(out, r); out.Code != 200 {
						b.Error(fmt.Sprint(out.Code, out.Body))
					}
				}
			})
		})
	}
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// processor is the processor time that fn takes on its own thread: what else runs on the
// machine does not count.
func processor(fn func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	read := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(rusageThread, &u); err != nil {
			panic(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := read()
	fn()
	return read() - before
}

const rusageThread = 1 // RUSAGE_THREAD of Linux
