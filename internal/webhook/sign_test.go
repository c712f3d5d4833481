package webhook

import (
	"strings"
	"testing"
	"time"
)

// The example of Standard Webhooks' own libraries (MIT): libraries/go/webhook_test.go.
func TestTheSignatureIsTheStandards(t *testing.T) {
	s, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), s)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSecretsAreReadBack(t *testing.T) {
	one, other := NewSecret(), NewSecret()
	if one.Text() == other.Text() || one.Public() == other.Public() || !strings.HasPrefix(one.Text(), "whsec_") || !strings.HasPrefix(one.Public(), "whpk_") {
		t.Errorf("%s %s", one.Text(), one.Public())
	}
	back, err := ParseSecret(one.Text())
	if err != nil || back.Text() != one.Text() || secretOf(one.bytes()).Public() != one.Public() {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, err := ParseSecret(bad); err == nil {
			t.Errorf("%q is taken for a secret", bad)
		}
	}
}
