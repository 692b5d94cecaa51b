//! The page that a browser shows at the end of a sign-in. Pure: HTML without scripts, pictures or anything from elsewhere.

/// A page with a title and a sentence or two below it, light or dark as the browser is.
pub fn page(title: &str, sentences: &str, is_good: bool) -> String {
    let mark = if is_good { ("good", "&#10003;") } else { ("bad", "!") };
    let (class, sign) = mark;
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>{title} - keyfob</title>
<style>
:root {{ color-scheme: light dark; --text: #1b1f24; --back: #f6f7f9; --card: #fff; --line: #d5dae0; --good: #18794e; --bad: #b42318; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --text: #e8eaed; --back: #15181c; --card: #1f2329; --line: #383e47; --good: #4cc38a; --bad: #ff8a80; }}
}}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; color: var(--text); background: var(--back);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; }}
main {{ max-width: 30rem; margin: 1rem; padding: 2rem 2.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }}
h1 {{ margin: 0 0 .5rem; font-size: 1.3rem; display: flex; gap: .6rem; align-items: baseline; }}
p {{ margin: 0; overflow-wrap: anywhere; }}
.good {{ color: var(--good); }}
.bad {{ color: var(--bad); }}
</style>
</head>
<body>
<main>
<h1><span class=\"{class}\" aria-hidden=\"true\">{sign}</span>{title}</h1>
<p>{sentences}</p>
</main>
</body>
</html>
",
        title = escaped(title),
        sentences = escaped(sentences),
    )
}

// Security: what AWS or a config file says is text, and no part of the page.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_text_on_the_page() {
        let html = page("Signed in", "<script>alert('x')</script> & more", true);
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; more"), "{html}");
        assert!(!html.contains("<script") && html.contains("prefers-color-scheme: dark"));
    }
}
