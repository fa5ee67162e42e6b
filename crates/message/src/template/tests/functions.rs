//! A few functions, so that calls can be tried.

use super::*;

/// `echo`, which joins its arguments with blanks; `args`, which shows them as they came; `count`; `fail`.
pub(crate) struct Two;

impl Functions for Two {
    fn find(&self, name: &str) -> Option<&dyn FunctionSpec> {
        match name {
            "echo" => Some(&Spec::Echo),
            "args" => Some(&Spec::Args),
            "count" => Some(&Spec::Count),
            "fail" => Some(&Spec::Fail),
            _ => None,
        }
    }
}

enum Spec {
    Echo,
    Args,
    Count,
    Fail,
}

impl FunctionSpec for Spec {
    fn compile(&self, call: &Call<'_>) -> Result<Box<dyn TemplateFunction>, String> {
        Ok(match self {
            Spec::Echo => Box::new(Echo(call.templates(0)?)),
            Spec::Args => {
                Box::new(Fixed(call.args.iter().map(|arg| format!("[{arg}]")).collect(), ValueType::String))
            }
            Spec::Count => Box::new(Fixed(call.args.len().to_string(), ValueType::Integer)),
            Spec::Fail => return Err(format!("cannot {} {}", call.name, call.args.join(" "))),
        })
    }
}

#[derive(Debug)]
struct Echo(Vec<Template>);

impl TemplateFunction for Echo {
    fn render(&self, message: Message<'_>, scope: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        for (i, arg) in self.0.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            let mut buffer = scope.buffer();
            arg.render(message, scope, &mut buffer);
            out.extend_from_slice(&buffer);
            scope.give_back(buffer);
        }
        ValueType::String
    }
}

#[derive(Debug)]
struct Fixed(String, ValueType);

impl TemplateFunction for Fixed {
    fn render(&self, _: Message<'_>, _: &mut RenderScope<'_>, out: &mut Vec<u8>) -> ValueType {
        out.extend_from_slice(self.0.as_bytes());
        self.1
    }
}
