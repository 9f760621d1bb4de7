//! A text that may contain a refusal, as `explain` takes it.

use maskinporten::{
    client::RefusalText,
    language::Language,
    printer::{ExplanationForm, print_explanations},
};

use super::properties::{Secrets, check_text};

pub fn run(bytes: &[u8]) {
    let refusal = RefusalText::parse(&String::from_utf8_lossy(bytes));
    for language in [Language::English, Language::Norwegian] {
        for form in [ExplanationForm::Text, ExplanationForm::Json] {
            let mut printed = Vec::new();
            print_explanations(form, &refusal, language, &mut printed).unwrap();
            check_text(&String::from_utf8(printed).unwrap(), &Secrets::none());
        }
    }
}
