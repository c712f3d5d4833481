package connector_test

import (
	"fmt"
	"testing"

	"github.com/florinpay/florin/internal/connector"
)

func TestCodesThatMerchantsActOn(t *testing.T) {
	for code, want := range map[string]connector.Meaning{
		"00": {Approved: true},
		"05": {DeclineCode: "do_not_honor", Advice: "try_another_source"},
		"13": {DeclineCode: "invalid_amount", Advice: "do_not_retry"},
		"41": {DeclineCode: "lost_card", Advice: "do_not_retry"},
		"43": {DeclineCode: "stolen_card", Advice: "do_not_retry"},
		"51": {DeclineCode: "insufficient_funds", Advice: "retry_later"},
		"54": {DeclineCode: "expired_card", Advice: "check_card_data"},
		"59": {DeclineCode: "suspected_fraud", Advice: "do_not_retry"},
		"82": {DeclineCode: "incorrect_cvc", Advice: "check_card_data"},
		"N7": {DeclineCode: "incorrect_cvc", Advice: "check_card_data"},
		"96": {DeclineCode: "processing_error", Advice: "retry_later"},
		"99": {DeclineCode: "generic_decline", Advice: "try_another_source"},
		"":   {DeclineCode: "generic_decline", Advice: "try_another_source"},
		"0":  {DeclineCode: "generic_decline", Advice: "try_another_source"},
	} {
		if got := connector.OfCode(code); got != want {
			t.Errorf("OfCode(%q) = %+v, want %+v", code, got, want)
		}
	}
}

func TestEveryCodeApprovesOrDeclinesInTheClosedWords(t *testing.T) {
	approving := map[string]bool{"00": true, "08": true, "11": true, "16": true}
	advice := map[string]bool{"do_not_retry": true, "try_another_source": true, "retry_later": true, "check_card_data": true}
	for i := range 100 {
		code := fmt.Sprintf("%02d", i)
		m := connector.OfCode(code)
		if m.Approved != approving[code] {
			t.Errorf("%s approves: %t", code, m.Approved)
		}
		if m.Approved {
			continue
		}
		if listed := connector.OfDecline(m.DeclineCode); listed.DeclineCode != m.DeclineCode {
			t.Errorf("%s: decline code %q is not in the list", code, m.DeclineCode)
		}
		if !advice[m.Advice] {
			t.Errorf("%s: advice %q is not in the list", code, m.Advice)
		}
	}
}
