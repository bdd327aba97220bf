//! A list in pages. The API server forgets where a list goes on after some minutes (410, `Expired`), as when writing the first
//! pages' objects took long: the list then begins again, once, since what was read so far may not fit the rest.

use kube::api::ListParams;

use super::error::ClusterError;

/// How many objects one page of a list holds.
const PAGE: u32 = 500;

/// One page: its objects, and where the next one begins.
pub(crate) type Page<T> = (Vec<T>, Option<String>);

/// All objects of a list, whose pages `ask` asks for.
pub(crate) async fn all<T>(
    params: ListParams,
    ask: impl AsyncFn(&ListParams) -> Result<Page<T>, ClusterError>,
) -> Result<Vec<T>, ClusterError> {
    let first = params.limit(PAGE);
    let mut params = first.clone();
    let mut found = Vec::new();
    let mut again = true;
    loop {
        match ask(&params).await {
            Ok((items, next)) => {
                found.extend(items);
                match next.filter(|token| !token.is_empty()) {
                    Some(token) => params = params.continue_token(&token),
                    None => return Ok(found),
                }
            }
            Err(error) if again && params.continue_token.is_some() && error.is_status(410) => {
                again = false;
                found.clear();
                params = first.clone();
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> ClusterError {
        let status = Status::failure("too old", "Expired").with_code(code);
        ClusterError::of(
            "list pods",
            "https://server",
            kube::Error::Api(status.boxed()),
        )
    }

    /// Each row: what the server answers one after the other, and what comes of it. Answers name the page they are of.
    #[tokio::test]
    async fn a_list_that_expired_begins_again_once() {
        let page = |number: u32, next: bool| Ok((vec![number], next.then(|| number.to_string())));
        let cases = [
            (vec![page(1, false)], Ok(vec![1])),
            (vec![page(1, true), page(2, false)], Ok(vec![1, 2])),
            (
                vec![page(1, true), Err(410), page(3, true), page(4, false)],
                Ok(vec![3, 4]),
            ),
            (
                vec![page(1, true), Err(410), page(3, true), Err(410)],
                Err(410),
            ),
            (vec![Err(410)], Err(410)),
            (vec![page(1, true), Err(500)], Err(500)),
        ];
        for (mut answers, wanted) in cases {
            let told = format!("{answers:?}");
            answers.reverse();
            let answers = RefCell::new(answers);
            let asked = RefCell::new(Vec::new());
            let all = all(ListParams::default(), async |params| {
                asked.borrow_mut().push(params.continue_token.clone());
                answers.borrow_mut().pop().unwrap().map_err(refused)
            });
            let found = all.await;
            match wanted {
                Ok(numbers) => assert_eq!(found.unwrap(), numbers, "{told}"),
                Err(code) => assert!(found.unwrap_err().is_status(code), "{told}"),
            }
            assert!(answers.borrow().is_empty(), "{told}");
            assert_eq!(asked.borrow().first(), Some(&None), "{told}");
        }
    }
}
