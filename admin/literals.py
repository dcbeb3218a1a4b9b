"""What is changed in the installed bundle before it is served: words into Chinese, and the few places that ask us.

Each entry is a literal of the pinned version, how often it stands there, and what takes its place. The words are those
the front end does not look up in its dictionary (see ``admin.translations``). The places call ``fengqiao``, our
script in ``front/fengqiao.js``: which fields a form shows, which of them are text only, what may be sorted.
"""

from __future__ import annotations

from typing import NamedTuple


class Swap(NamedTuple):
    """One literal of the bundle and its replacement."""

    old: str
    new: str
    times: int = 1


WORDS = (
    Swap('"Method not supported - running in read only mode."', '"不支持这项操作。"'),
    Swap('alert("Page not found")', "fengqiao.gone(t)"),
    Swap('"The server can\'t be reached - please try later."', '"连接不到服务器，请稍后再试。"'),
    Swap("`${o.loc[o.loc.length-1]} field - ${o.msg}`", "`${o.loc[o.loc.length-1]}：${o.msg}`"),
    Swap("`Select a row from ${e.readableTableName}`", "`选择${e.readableTableName}`"),
    Swap('"Type here to filter"', '"输入名称或代码查找，多个词用空格隔开"'),
    Swap('e.selectResult(null,""),["prevent"]))},"All")', 'e.selectResult(null,""),["prevent"]))},"（不限）")'),
    Swap('e.selectResult(null,"Null"),["prevent"]))},"None")', 'e.selectResult(null,""),["prevent"]))},"（不选）")'),
    Swap('U0(" Load more",-1)', 'U0(" 更多",-1)'),
    Swap('placeholder:e.isFilter?"All":"None"', 'placeholder:e.isFilter?"不限":"点击选择"'),
    Swap('value:"all"}," All "', 'value:"all"},"不限"', 2),
    Swap('value:"null"}," Null "', 'value:"null"},"（空）"', 2),
    Swap('value:"true"}," True "', 'value:"true"},"是"'),
    Swap('value:"false"}," False "', 'value:"false"},"否"'),
    Swap('this.isFilter?"All":this.isNullable&&this.value===null?"NULL":""', 'this.isFilter?"不限":""'),
    Swap('label:"Equals"', 'label:"等于"'),
    Swap('label:"Not Equal"', 'label:"不等于"'),
    Swap('label:"Less Than"', 'label:"小于（早于）"'),
    Swap('label:"Less Than or Equal To"', 'label:"不大于（不晚于）"'),
    Swap('label:"Greater Than or Equal To"', 'label:"不小于（不早于）"'),
    Swap('label:"Greater Than"', 'label:"大于（晚于）"'),
    Swap('const t=["contains","exact","starts","ends"];', 'const t=["contains","exact","ne","starts","ends"];'),
    Swap("value:r},M0(r),9,bT)", "value:r},M0(fengqiao.matches[r]),9,bT)"),
    Swap('icon:"eye",title:"View"', 'icon:"eye",title:"查看"', 2),
    Swap('icon:"times",title:"Remove"', 'icon:"times",title:"移除"'),
    Swap(
        'icon:"plus",title:"Add"}),U0(M0(e.$t("Add")),1)',
        'icon:"plus",title:"添加一项"}),U0("添加一项",1)',
    ),
    Swap('title:"Click for more info"', 'title:"填写说明"'),
    Swap('t[0]=U0("Error",-1)', 't[0]=U0("没有保存，原因如下：",-1)'),
    Swap('"Successfully added row"', '"已新建"'),
    Swap('"Successfully saved row"', '"已保存"'),
    Swap('"The form has errors."', '"没有保存，原因见页面上方"', 3),
    Swap('"Are you sure you want to delete this row?"', '"确定删除这一条吗？"'),
    Swap('"Unable to delete the row."', '"没有删除，原因见页面上方"'),
    Swap('alert("Successfully deleted row")', 'alert("已删除")'),
    Swap('this.showSuccess("Successfully deleted row")', 'this.showSuccess("已删除")'),
    Swap("`Are you sure you want to delete row ${e}?`", '"确定删除这一条吗？"'),
    Swap('"Are you sure you want to delete the selected rows?"', '"确定删除选中的各条吗？"'),
    Swap('"Successfully deleted rows"', '"已删除"'),
    Swap("`Unable to delete row ${this.selectedRows[e]} (${n})`", "`没有删除：${n}`"),
    Swap('"Are you sure you want to logout?"', '"确定退出登录吗？"'),
    Swap('title:"Click to toggle children."', 'title:"展开或收起"'),
    Swap('title:"Delete Row"', 'title:"删除"'),
    Swap('title:"Edit Row"', 'title:"打开"'),
    Swap('title:"Delete selected Rows"', 'title:"删除选中的各条"'),
    Swap('title:"Show tables"', 'title:"展开"'),
    Swap('title:"Hide tables"', 'title:"收起"'),
    Swap('title:"Show forms"', 'title:"展开"'),
    Swap('title:"Hide forms"', 'title:"收起"'),
    Swap('title:"Show links"', 'title:"展开"'),
    Swap('title:"Hide links"', 'title:"收起"'),
    Swap('title:"Translations"', 'title:"语言"'),
    Swap('title:"Show password"', 'title:"显示口令"'),
    Swap('title:"Hide password"', 'title:"隐藏口令"'),
    Swap('e?e.username:"Unknown"', 'e?e.username:""', 2),
    Swap('contents:"MFA code required"', "contents:fengqiao.reason(r)"),
    Swap('contents:"Problem logging in"', 'contents:fengqiao.reason(r)||"登录名或口令不正确"'),
    Swap(
        " Hint: Use your authenticator app to generate the MFA code - if you've lost your phone, "
        "you can use a recovery code instead. ",
        "请打开验证器应用，输入其中显示的六位数字；手机不在身边时，输入一个恢复码。",
    ),
    Swap("`There are more than ${jz}, are you sure you want to continue?`", "`超过 ${jz} 条，需要较长时间，继续吗？`"),
    Swap('alert("Please select at least one column.")', 'alert("请至少选择一列。")'),
    Swap('U0(" Columns",-1)', 'U0(" 选择列",-1)'),
    Swap('"Toggle all"', '"全选或全不选"'),
    Swap('"Include readable"', '"含名称"'),
    Swap("`${c} per page`", "`每页 ${c} 条`"),
    Swap('"of "+M0(e.pageCount)', '"共 "+M0(e.pageCount)+" 页"'),
    Swap('"Successfully applied filter"', '"已筛选"'),
    Swap('"Successfully cleared filters"', '"已清除筛选条件"'),
    Swap('" Add sort column"', '" 再加一列"'),
    Swap('title:"Bulk Update"', 'title:"批量修改"'),
    Swap('"Set null:"', '"清空："'),
    Swap('"Successfully updated rows"', '"已保存"'),
    Swap('"Invalid column name or value"', '"没有保存：填写的内容不符合要求"'),
    Swap('t0("code",null,"NULL",-1)', 't0("span",null,"",-1)'),
    Swap('localStorage.getItem(Gs)??"UTC"', 'localStorage.getItem(Gs)??"Asia/Shanghai"', 2),
    Swap('siteName:"Piccolo Admin"', 'siteName:""'),
    Swap('siteName:{type:String,default:"Piccolo Admin"}', 'siteName:{type:String,default:""}'),
)

PLACES = (
    # Which fields the two forms show; a form is made anew when the row has another version.
    Swap(
        'z0(a,{row:e.defaults,schema:e.schema},null,8,["row","schema"])',
        'z0(a,{row:e.defaults,schema:fengqiao.forAdd(e.schema)},null,8,["row","schema"])',
    ),
    Swap(
        'R0(M,{key:0,row:e.selectedRow,schema:e.schema},null,8,["row","schema"])',
        "R0(M,{key:fengqiao.key(e.selectedRow),row:e.selectedRow,schema:fengqiao.forEdit(e.schema,e.selectedRow)},"
        'null,8,["row","schema"])',
    ),
    Swap(
        'var r={contents:"Successfully saved row",type:"success"};'
        'this.$store.commit("updateApiResponseMessage",r),this.errors=[]',
        'var r={contents:"Successfully saved row",type:"success"};'
        'this.$store.commit("updateApiResponseMessage",r),this.errors=[],await this.fetchData()',
    ),
    # The form of a new row waits for its defaults: they would wipe out what was typed before they came.
    Swap("defaults:{},errors:[]", "defaults:null,errors:[]"),
    # Back to the list after saving a new row: the form keeps its values, and a second click would make another row.
    Swap(
        'this.$emit("addedRow"),this.$emit("close")',
        'this.$emit("addedRow"),this.$emit("close"),this.$route.name=="addRow"&&'
        'this.$router.push({name:"rowListing",params:{tableName:this.tableName}})',
    ),
    # A field that may not be written is text, not an input.
    Swap(
        "b.extra.foreign_key?(Z(),R0(p,{key:0,fieldName:String(l)",
        'b.extra.readonly?(Z(),p0("p",{key:9,class:fengqiao.fact(b)},M0(fengqiao.text(b,e.row,l)),3)):'
        "b.extra.foreign_key?(Z(),R0(p,{key:0,fieldName:String(l)",
    ),
    Swap("e.isRequired(String(l))?(Z(),p0", "!b.extra.readonly&&e.isRequired(String(l))?(Z(),p0"),
    Swap("b.extra.help_text?(Z(),R0", "!b.extra.readonly&&b.extra.help_text?(Z(),R0"),
    # "?" beside what is masked or cannot be changed, and in place of what cannot be done; pages/why.js answers.
    Swap(
        '(Z(),R0(c,{key:1,content:b.extra.help_text},null,8,["content"])):h0("",!0),b.extra.foreign_key?',
        '(Z(),R0(c,{key:1,content:b.extra.help_text},null,8,["content"])):h0("",!0),'
        'b.extra.why?(Z(),p0("button",{key:7,...fengqiao.why(e.schema,b,e.row)},M0(fengqiao.label(b)),17)):h0("",!0),b.extra.foreign_key?',
    ),
    Swap(
        't0("h1",null,M0(e.$t("Edit"))+" "+M0(e.readable(e.tableName)),1),t0("p",null,[',
        't0("h1",null,M0(e.$t("Edit"))+" "+M0(e.readable(e.tableName)),1),'
        'fengqiao.history(e.selectedRow)?(Z(),p0("a",{key:8,class:"fq_history",href:fengqiao.history(e.selectedRow)},'
        '"操作记录",8,["href"])):h0("",!0),(Z(!0),p0(W0,null,Q0(e.selectedRow?fengqiao.missing(e.schema,e.selectedRow):[],'
        'm=>(Z(),p0("button",{key:m.label,...m.asks},M0(m.label),17))),128)),t0("p",null,[',
    ),
    Swap(
        'z0(p,{to:{name:"addRow",params:{tableName:e.tableName}},class:"button",',
        "(Z(!0),p0(W0,null,Q0(fengqiao.missing(e.schema),"
        'm=>(Z(),p0("button",{key:m.label,...m.asks},M0(m.label),17))),128)),'
        'z0(p,{to:{name:"addRow",params:{tableName:e.tableName}},class:"button",',
    ),
    # A date stays on one line.
    Swap(
        'p0("span",D_,M0(e.abbreviate(m[g])),1)',
        'p0("span",{key:8,class:fengqiao.look(m[g])},M0(e.abbreviate(m[g])),3)',
    ),
    # "+" and the pencil beside a reference, only where the viewer may create or open its rows.
    Swap(
        'e.isFilter?h0("",!0):(Z(),R0(s,{key:0,to:{name:"addRow"',
        'e.isFilter||b.extra.readonly||!b.extra.foreign_key.create?h0("",!0):(Z(),R0(s,{key:0,to:{name:"addRow"',
    ),
    # An empty or invisible reference is text, not a link.
    Swap("e.isForeignKey(g)&&m[g]!==null", 'e.isForeignKey(g)&&m[g+"_readable"]'),
    Swap(
        'Q0(e.schema.properties,(M,b)=>(Z(),p0("option",{key:b,value:b}',
        'Q0(fengqiao.sortable(e.schema),(M,b)=>(Z(),p0("option",{key:b,value:b}',
    ),
    Swap('t0("option",{value:e.schema.extra.primary_key_name},M0(e.schema.extra.primary_key_name),9,l_),', ""),
    # The export offers columns only, and choosing them there leaves the list as it is.
    Swap("let O=Object.keys(a.value.properties);", "let O=Object.keys(fengqiao.exportable(a.value));"),
    Swap("return O.indexOf(q)==-1&&(O=[q,...O]),O", "return O"),
    Swap("p.value=a.value.extra.visible_column_names}", "p.value=[...a.value.extra.visible_column_names]}"),
    # Signing in and out and a new password are the public ones.
    Swap(
        'T0.post("./public/login/",{username:this.username,password:this.password,'
        "...this.mfaCodeRequired?{mfa_code:this.mfaCode}:{}})",
        'T0.post("../session",{login:this.username,password:this.password,...this.mfaCodeRequired?{otp:this.mfaCode}:{}})',
    ),
    Swap(
        "((t=r.response)==null?void 0:t.status)==401&&((n=(o=r.response)==null?void 0:o.data)==null?void 0:n.detail)"
        '=="MFA code required"?',
        "fengqiao.needsCode(r)?",
    ),
    Swap('href:"./api/mfa-setup/"', 'href:"./account/"'),
    Swap('T0.post("./public/logout/")', 'T0.delete("../session")'),
    Swap(
        "const e={current_password:this.currentPassword,new_password:this.newPassword,"
        "confirm_new_password:this.confirmNewPassword};",
        "const e={password:this.currentPassword,newPassword:this.newPassword};"
        "if(this.newPassword!==this.confirmNewPassword)return this.$store.commit("
        '"updateApiResponseMessage",{contents:"两次输入的新口令不一样。",type:"error"});',
    ),
    Swap('T0.post("./api/change-password/",e)', 'T0.post("../session/password",e)'),
    Swap("contents:`Error - ${t.response.data.detail}`", "contents:fengqiao.reason(t)"),
    Swap(
        "`Changed password successfully. You will be redirected\n                        "
        "to log in with your new credentials.`",
        '"口令已修改。"',
    ),
    Swap("contents:`Problem fetching ${o} rows.`", "contents:fengqiao.reason(i)||`无法读取${o}。`"),
)

# The places first: one of them names a word that the words then translate.
SWAPS = PLACES + WORDS
