package card_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/fault"
)

func parse(t testing.TB, s string) card.Number {
	t.Helper()
	n, err := card.ParseNumber(s)
	if err != nil {
		t.Fatalf("a good number is refused: %v", err)
	}
	return n
}

func TestPublishedTestNumbersTellTheirBrand(t *testing.T) {
	for _, c := range []struct {
		brand   card.Brand
		numbers string
	}{
		{card.Visa, "4242424242424242 4111111111111111 4012888888881881 4222222222222 4000056655665556 4000000000000002 4000000760000002"},
		{card.Mastercard, "5555555555554444 5105105105105100 5200828282828210 2223003122003222 2223000048400011 2221001234567896 2720991234567894"},
		{card.Amex, "378282246310005 371449635398431 378734493671000"},
		{card.Discover, "6011111111111117 6011000990139424 6011981111111113 6440001234567892 6599991234567893"},
		{card.Diners, "3056930009020004 30569309025904 38520000023237 36227206271667 3095123456789122"},
		{card.JCB, "3566002020360505 3530111333300000 3528001234567894 3589991234567892"},
		{card.UnionPay, "6200000000000005 6205500000000000004 6250941006528599 6221261234567897 8110001234567897 8171991234567895"},
		{card.Maestro, "6759649826438453 6304000000000000 5018000000000009 501800123454 56123456789012349"},
		{card.Unknown, "2220991234567899 2721001234567891 3527991234567897 3590001234567897 6400001234567890 6600001234567898 " +
			"8172001234567892 2200123456789019 9000000000000001 6000001234567894"},
	} {
		for s := range strings.FieldsSeq(c.numbers) {
			n := parse(t, s)
			if n.Brand() != c.brand {
				t.Errorf("%s…%s is %s, want %s", n.BIN(), n.Last4(), n.Brand(), c.brand)
			}
			if n.Reveal() != s || n.BIN() != s[:6] || n.Last4() != s[len(s)-4:] || n.IsZero() {
				t.Errorf("a number of %s came back changed", c.brand)
			}
		}
	}
	var none card.Number
	if none.Brand() != card.Unknown || none.Last4() != "" || none.BIN() != "" || none.Reveal() != "" || !none.IsZero() {
		t.Error("the zero Number is not empty")
	}
}

func TestTypedGroupsAreRead(t *testing.T) {
	for _, s := range []string{"4242 4242 4242 4242", "4242-4242-4242-4242", "4242 4242-42424242", "4-2-4-2-4-2-4-2-4-2-4-2-4-2-4-2"} {
		if got := parse(t, s).Reveal(); got != "4242424242424242" {
			t.Errorf("%q was read as another number", s)
		}
	}
}

var digitRun = regexp.MustCompile(`[0-9]{3,}`)

func TestBadNumbersAreRefusedWithTheReasonAlone(t *testing.T) {
	const missing, form, length, luhn = "missing", "single spaces or dashes", "12 to 19 digits", "check digit"
	for _, c := range []struct{ number, reason string }{
		{"", missing},
		{" ", form}, {"-", form}, {" 4242424242424242", form}, {"4242424242424242 ", form}, {"4242  4242 4242 4242", form},
		{"4242- 4242 4242 4242", form}, {"4242_4242_4242_4242", form}, {"4242\t4242 4242 4242", form}, {"424242424242424x", form},
		{"４２４２４２４２４２４２４２４２", form}, {"4242424242424242\n", form}, {"4242424242424242\x00", form}, {"4242.4242.4242.4242", form},
		{"0", length}, {"42424242424", length}, {"42424242424242424242", length}, {strings.Repeat("4", 1<<16), length},
		{"4242424242424241", luhn}, {"4242424242424224", luhn}, {"378282246310006", luhn},
	} {
		n, err := card.ParseNumber(c.number)
		if !errors.Is(err, card.ErrNumberInvalid) || !n.IsZero() {
			t.Errorf("%.24q: %v", c.number, err)
			continue
		}
		f := fault.Of(err)
		if f.Kind != fault.Invalid || f.Code != "card_number_invalid" || !strings.Contains(f.Detail, c.reason) {
			t.Errorf("%.24q: %v; want %q", c.number, err, c.reason)
		}
		if digitRun.MatchString(err.Error()) {
			t.Errorf("the error repeats digits: %v", err)
		}
	}
}

// Every single wrong digit, and every swap of neighbours but 09 and 90, must be
// noticed: that is what the check digit is for.
func TestTheCheckDigitNoticesTypingMistakes(t *testing.T) {
	const good = "5281937462518376"
	for i := range len(good) {
		for d := byte('0'); d <= '9'; d++ {
			typed := good[:i] + string(d) + good[i+1:]
			if _, err := card.ParseNumber(typed); (err == nil) != (typed == good) {
				t.Errorf("digit %d as %c: %v", i, d, err)
			}
		}
		if i > 0 && good[i] != good[i-1] {
			typed := good[:i-1] + good[i:i+1] + good[i-1:i] + good[i+1:]
			if _, err := card.ParseNumber(typed); err == nil {
				t.Errorf("digits %d and %d swapped: accepted", i-1, i)
			}
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"4242424242424242", "3782-822463-10005", "6304 0000 0000 0000", "", " ", "0", "4242424242424241", "12345678901234567890"} {
		f.Add(s)
	}
	form := regexp.MustCompile(`^[0-9]([ -]?[0-9]){11,18}$`)
	f.Fuzz(func(t *testing.T, s string) {
		n, err := card.ParseNumber(s)
		digits := strings.NewReplacer(" ", "", "-", "").Replace(s)
		if want := form.MatchString(s) && checksum(digits)%10 == 0; want != (err == nil) {
			t.Fatalf("ParseNumber(%q): %v", s, err)
		}
		if got := fmt.Sprintf("%v %+v %#v", n, n, n); got != "**** **** ****" {
			t.Fatalf("a number prints as %q", got)
		}
		if err != nil {
			if !errors.Is(err, card.ErrNumberInvalid) || digitRun.MatchString(err.Error()) {
				t.Fatalf("ParseNumber(%q) fails with %v", s, err)
			}
			return
		}
		if n.Reveal() != digits || n.BIN()+n.Last4() != digits[:6]+digits[len(digits)-4:] {
			t.Fatalf("ParseNumber(%q) is another number", s)
		}
		n.Brand()
	})
}

// checksum is the check digit's sum the schoolbook way, from the right.
func checksum(digits string) (sum int) {
	doubled := [10]int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			d = doubled[d]
		}
		sum += d
	}
	return sum
}

func ExampleParseNumber() {
	n, _ := card.ParseNumber("4242 4242 4242 4242")
	fmt.Println(n, n.Brand(), n.BIN(), n.Last4())
	_, err := card.ParseNumber("4242 4242 4242 4241")
	fmt.Println(err)
	// Output:
	// **** visa 424242 4242
	// card_number_invalid: The card number is invalid: its check digit does not fit. Look for a mistyped digit.
}
