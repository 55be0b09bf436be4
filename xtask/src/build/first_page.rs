//! Gives a module the page that its allocator begins with together with the instance.
//!
//! Allocators of Rust ask for their first page by `memory.grow`, whatever room the linker has left. Where a host begins an
//! instance for each request, each growth costs it two changes of a mapping's protection, which on several cores have to
//! wait for one another. So the memory is larger by a page from the start, and the first growth by a single page gets it.

use anyhow::{Context, ensure};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType, Instruction,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, FunctionSectionReader, GlobalSectionReader, MemorySectionReader, Operator, Parser, Payload,
    TypeRef, TypeSectionReader,
};

/// The same module with its first page of heap there from the start. One that never grows its memory stays as it is.
pub(super) fn with_first_page(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut rewriter = Rewriter::of(module)?;
    let mut rewritten = Module::new();
    rewriter.parse_core_module(&mut rewritten, Parser::new(0), module)?;
    if !rewriter.grows {
        return Ok(module.to_vec());
    }
    ensure!(
        rewriter.memories == 1 && !rewriter.imports_memory,
        "a module grows a memory that is not its own and only one"
    );
    Ok(rewritten.finish())
}

/// Calls a function of its own in place of `memory.grow`.
#[derive(Default)]
struct Rewriter {
    /// The index of that function, behind all that were there.
    function: u32,
    /// The index of its type, and of the global that says whether the page is still to be had.
    r#type: u32,
    global: u32,
    /// Whether the memory is another's, and how many the module has itself.
    imports_memory: bool,
    memories: u32,
    /// Where the page begins, in pages: how large the memory was.
    page: i32,
    grows: bool,
}

impl Rewriter {
    fn of(module: &[u8]) -> anyhow::Result<Self> {
        let mut rewriter = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(types) => rewriter.r#type = types.count(),
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        match import?.ty {
                            TypeRef::Func(_) => rewriter.function += 1,
                            TypeRef::Global(_) => rewriter.global += 1,
                            TypeRef::Memory(_) => rewriter.imports_memory = true,
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(functions) => rewriter.function += functions.count(),
                Payload::GlobalSection(globals) => rewriter.global += globals.count(),
                Payload::MemorySection(memories) => {
                    rewriter.memories = memories.count();
                    let memory = memories.into_iter().next().context("a memory")??;
                    rewriter.page = i32::try_from(memory.initial)?;
                }
                _ => {}
            }
        }
        Ok(rewriter)
    }

    /// Takes a number of pages, and returns where they begin, or -1.
    fn grow(&self) -> Function {
        let mut function = Function::new([]);
        for instruction in [
            // One is asked for, and it is there.
            Instruction::LocalGet(0),
            Instruction::I32Const(1),
            Instruction::I32Eq,
            Instruction::GlobalGet(self.global),
            Instruction::I32And,
            Instruction::If(BlockType::Result(ValType::I32)),
            Instruction::I32Const(0),
            Instruction::GlobalSet(self.global),
            Instruction::I32Const(self.page),
            Instruction::Else,
            Instruction::LocalGet(0),
            Instruction::MemoryGrow(0),
            Instruction::End,
            Instruction::End,
        ] {
            function.instruction(&instruction);
        }
        function
    }
}

impl Reencode for Rewriter {
    type Error = std::convert::Infallible;

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Rewritten {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], [ValType::I32]);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Rewritten {
        utils::parse_function_section(self, functions, section)?;
        functions.function(self.r#type);
        Ok(())
    }

    fn parse_memory_section(&mut self, memories: &mut MemorySection, section: MemorySectionReader<'_>) -> Rewritten {
        for memory in section {
            let memory = self.memory_type(memory?)?;
            memories.memory(MemoryType { minimum: memory.minimum + 1, ..memory });
        }
        Ok(())
    }

    fn parse_global_section(&mut self, globals: &mut GlobalSection, section: GlobalSectionReader<'_>) -> Rewritten {
        utils::parse_global_section(self, globals, section)?;
        let flag = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(flag, &ConstExpr::i32_const(1));
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Rewritten {
        utils::parse_code_section(self, code, section)?;
        code.function(&self.grow());
        Ok(())
    }

    fn instruction<'a>(&mut self, instruction: Operator<'a>) -> Result<Instruction<'a>, Error<Self::Error>> {
        if let Operator::MemoryGrow { .. } = instruction {
            self.grows = true;
            return Ok(Instruction::Call(self.function));
        }
        utils::instruction(self, instruction)
    }
}

type Rewritten = Result<(), Error<std::convert::Infallible>>;

#[cfg(test)]
mod tests {
    use super::{Function, Instruction, with_first_page};
    use wasm_encoder::{
        CodeSection, ConstExpr, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType,
        Module, TypeSection, ValType,
    };
    use wasmparser::{Operator, Parser, Payload, Validator};

    enum ImportedMemory {
        Yes,
        No,
    }

    fn module(instructions: &[Instruction<'_>]) -> Vec<u8> {
        module_with(ImportedMemory::No, instructions)
    }

    /// A module that imports a function, and has one that does this.
    fn module_with(imported: ImportedMemory, instructions: &[Instruction<'_>]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import("there", "it is", wasm_encoder::EntityType::Function(0));
        let mut functions = FunctionSection::new();
        functions.function(0);
        let memory = MemoryType { minimum: 2, maximum: None, memory64: false, shared: false, page_size_log2: None };
        let mut memories = MemorySection::new();
        match imported {
            ImportedMemory::Yes => _ = imports.import("there", "memory", memory),
            ImportedMemory::No => _ = memories.memory(memory),
        }
        let mut globals = GlobalSection::new();
        let stack = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        globals.global(stack, &ConstExpr::i32_const(65536));
        let mut code = CodeSection::new();
        let mut function = Function::new([]);
        for instruction in instructions {
            function.instruction(instruction);
        }
        code.function(&function);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&memories).section(&globals);
        module.section(&code).to_owned().finish()
    }

    /// The pages that a module begins with, and for each of its functions whether it calls or grows.
    fn described(module: &[u8]) -> (u64, Vec<Vec<String>>) {
        let (mut pages, mut functions) = (0, Vec::new());
        for payload in Parser::new(0).parse_all(module) {
            match payload.unwrap() {
                Payload::MemorySection(memories) => pages = memories.into_iter().next().unwrap().unwrap().initial,
                Payload::CodeSectionEntry(body) => {
                    let mut found = Vec::new();
                    for operator in body.get_operators_reader().unwrap() {
                        match operator.unwrap() {
                            Operator::Call { function_index } => found.push(format!("call {function_index}")),
                            Operator::MemoryGrow { .. } => found.push("grow".to_owned()),
                            _ => {}
                        }
                    }
                    functions.push(found);
                }
                _ => {}
            }
        }
        (pages, functions)
    }

    #[test]
    fn who_grows_has_a_page_more_and_asks_a_function_that_has_it() {
        use Instruction::{Call, Drop, End, I32Const, MemoryGrow};
        let module = module(&[I32Const(1), MemoryGrow(0), Drop, Call(0), End]);
        let rewritten = with_first_page(&module).unwrap();
        Validator::new().validate_all(&rewritten).unwrap();
        let functions = [&["call 2", "call 0"][..], &["grow"]];
        assert_eq!(
            described(&rewritten),
            (3, functions.map(|found| found.iter().map(|it| it.to_string()).collect()).to_vec())
        );
    }

    #[test]
    fn a_memory_of_somebody_else_s_is_not_grown() {
        use Instruction::{Drop, End, I32Const, MemoryGrow};
        let shared = module_with(ImportedMemory::Yes, &[I32Const(1), MemoryGrow(0), Drop, End]);
        assert!(with_first_page(&shared).is_err());
    }

    #[test]
    fn who_never_grows_stays_as_it_is() {
        let module = module(&[Instruction::Call(0), Instruction::End]);
        assert_eq!(with_first_page(&module).unwrap(), module);
    }
}
